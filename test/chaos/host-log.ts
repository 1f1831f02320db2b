import type { FleetHost } from "./host-fleet.ts";

/** A line of a host's log. */
export interface LogLine {
  readonly host: number;
  readonly level: string;
  /** Ms since the epoch. */
  readonly time: number;
  readonly event: string;
  readonly taskId?: string;
  readonly [field: string]: unknown;
}

/** What all hosts logged. A host that was killed may have left half a line. */
export function readLogs(hosts: readonly FleetHost[]): LogLine[] {
  return hosts.flatMap(({ process }, host) =>
    process.output.split("\n").flatMap((line) => {
      try {
        return line.startsWith("{") ? [{ ...(JSON.parse(line) as LogLine), host }] : [];
      } catch {
        return [];
      }
    }),
  );
}

/** What hosts printed that is no log: a stack, a warning of Node.js. */
export function readOther(hosts: readonly FleetHost[]): string[] {
  return hosts.flatMap(({ process }) =>
    process.output.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("{")),
  );
}
