import type { PushConfigs } from "../../src/push/push-configs.ts";
import type { TaskEngine } from "../../src/tasks/task-engine.ts";
import { startHost } from "../support/host-process.ts";
import type { HostProcess } from "../support/host-process.ts";
import { createRemoteEngine, createRemotePushConfigs } from "./remote-engine.ts";

/** A running host, as clients and the disturber see it. */
export interface FleetHost {
  readonly engine: TaskEngine;
  readonly pushConfigs: Pick<PushConfigs, "create" | "delete">;
  readonly isDead: boolean;
  /** Clients do not choose it now. */
  readonly isStopped: boolean;
  /** When it was last killed, stopped or told to end, in ms since the epoch. */
  readonly fellAt: number | undefined;
  readonly death: Promise<void>;
  /** As leases name it. */
  readonly instance: string;
  readonly process: HostProcess;
}

export interface Fleet {
  /** Hosts that answer. */
  alive(): FleetHost[];
  /** Every host that ever ran. */
  readonly all: readonly FleetHost[];
  start(): Promise<FleetHost>;
  kill(host: FleetHost): Promise<void>;
  /** Asks it to end; resolves to its exit code. */
  terminate(host: FleetHost): Promise<number | null>;
  stop(host: FleetHost): void;
  resume(host: FleetHost): void;
  close(): Promise<void>;
}

interface Member extends FleetHost {
  isDead: boolean;
  isStopped: boolean;
  fellAt: number | undefined;
  readonly died: () => void;
}

export function createFleet(env: Readonly<Record<string, string>>): Fleet {
  const all: Member[] = [];
  return {
    all,
    alive: () => all.filter(({ isDead, isStopped }) => !isDead && !isStopped),
    async start() {
      const process = await startHost(env);
      const death = Promise.withResolvers<void>();
      const host: Member = {
        engine: createRemoteEngine(process.url),
        pushConfigs: createRemotePushConfigs(process.url),
        process,
        instance: /"instance":"([^"]+)"/.exec(process.output)?.[1] ?? "",
        isDead: false,
        isStopped: false,
        fellAt: undefined,
        death: death.promise,
        died: death.resolve,
      };
      all.push(host);
      return host;
    },
    kill: (host) => end(host, "SIGKILL").then(() => {}),
    terminate: (host) => end(host, "SIGTERM"),
    stop(host) {
      member(host).isStopped = true;
      member(host).fellAt = Date.now();
      process.kill(host.process.pid, "SIGSTOP");
    },
    resume(host) {
      member(host).isStopped = false;
      process.kill(host.process.pid, "SIGCONT");
    },
    async close() {
      await Promise.all(all.filter(({ isDead }) => !isDead).map((host) => end(host, "SIGKILL")));
    },
  };

  async function end(host: FleetHost, signal: NodeJS.Signals): Promise<number | null> {
    const known = member(host);
    known.isDead = true;
    known.fellAt = Date.now();
    const code = await host.process.end(signal);
    known.died();
    return code;
  }

  function member(host: FleetHost): Member {
    const known = all.find((one) => one === host);
    if (!known) {
      throw new Error("not a host of this fleet");
    }
    return known;
  }
}
