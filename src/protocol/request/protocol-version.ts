import { EdgeError } from "./edge-fault.ts";

export type ProtocolVersion = "0.3" | "1.0";

/**
 * The version a request names, Major.Minor only: patch numbers do not count (specification 3.6).
 * Undefined when it names none, or an empty one. @throws EdgeError `version`
 */
export function parseVersion(named: string | undefined): ProtocolVersion | undefined {
  const text = named?.trim();
  if (!text) {
    return undefined;
  }
  const version = /^(\d+\.\d+)(?:\.\d+)*$/.exec(text)?.[1];
  if (version === "1.0" || version === "0.3") {
    return version;
  }
  throw unsupported(`A2A version ${JSON.stringify(text.slice(0, 20))} is not supported here. Supported: 1.0, 0.3.`);
}

/** For paths that exist in one version only. Absent means 0.3 (specification 3.6.2). @throws EdgeError `version` */
export function requireVersion(named: string | undefined, required: ProtocolVersion): void {
  const version = parseVersion(named);
  if ((version ?? "0.3") !== required) {
    throw unsupported(
      required === "1.0"
        ? "This path is A2A 1.0: send the header A2A-Version: 1.0. The paths of A2A 0.3 begin with /v1."
        : `This path is A2A 0.3, not ${version}: leave out /v1 for A2A 1.0.`,
    );
  }
}

function unsupported(message: string): EdgeError {
  return new EdgeError({ code: "version", message });
}
