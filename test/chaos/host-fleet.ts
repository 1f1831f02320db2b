import { setTimeout as wait } from "node:timers/promises";
import type { PushConfigs } from "../../src/push/push-configs.ts";
import type { TaskEngine } from "../../src/tasks/task-engine.ts";
import { startHost } from "../support/host-process.ts";
import type { HostProcess } from "../support/host-process.ts";
import { toResidentMiB } from "./host-memory.ts";
import { createRemoteEngine, createRemotePushConfigs } from "./remote-engine.ts";
import type { WallClocks } from "./wall-clocks.ts";

const SCRIPTS: Readonly<Record<HostVersion, string>> = {
  new: "serve.ts",
  old: "../../../test/fixtures/host-0.1.0.mjs",
};

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
  readonly version: HostVersion;
  /** MiB in memory when it had started. */
  readonly memory: number;
  /** Sets its wall clock ahead, if libfaketime is installed. */
  readonly setAhead: ((seconds: number) => void) | undefined;
}

/** `old`: 0.1.0, test/fixtures/host-0.1.0.mjs. */
export type HostVersion = "new" | "old";

/** A host that ended although it was not told to. */
interface Crash {
  readonly host: FleetHost;
  /** Ms since the epoch. */
  readonly at: number;
  /** Whether it ran out of memory, as a poison turn makes it. */
  readonly isPoisoned: boolean;
}

export interface Fleet {
  /** Hosts that answer. */
  alive(): FleetHost[];
  /** Every host that ever ran. */
  readonly all: readonly FleetHost[];
  /** Hosts that ended by themselves. Each is replaced. */
  readonly crashes: readonly Crash[];
  start(version?: HostVersion): Promise<FleetHost>;
  kill(host: FleetHost): Promise<void>;
  /** Asks it to end; resolves to its exit code. */
  terminate(host: FleetHost): Promise<number | null>;
  stop(host: FleetHost): void;
  resume(host: FleetHost): void;
  close(): Promise<void>;
}

/** Longer than any outage of the chaos run, in ms. */
const STARTS_WITHIN = 60_000;

interface Member extends FleetHost {
  isDead: boolean;
  isStopped: boolean;
  fellAt: number | undefined;
  readonly died: () => void;
}

export function createFleet(env: Readonly<Record<string, string>>, clocks: WallClocks | undefined): Fleet {
  const all: Member[] = [];
  const crashes: Crash[] = [];
  let isClosed = false;
  return {
    all,
    crashes,
    start,
    alive: () => all.filter(({ isDead, isStopped }) => !isDead && !isStopped),
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
      isClosed = true;
      await Promise.all(all.filter(({ isDead }) => !isDead).map((host) => end(host, "SIGKILL")));
    },
  };

  async function start(version: HostVersion = "new"): Promise<FleetHost> {
    const clock = clocks?.add();
    const process = await untilStarted(() => startHost({ ...env, ...clock?.env }, SCRIPTS[version]));
    const death = Promise.withResolvers<void>();
    const host: Member = {
      engine: createRemoteEngine(process.url),
      pushConfigs: createRemotePushConfigs(process.url),
      process,
      version,
      memory: toResidentMiB(process.pid),
      setAhead: clock?.setAhead,
      instance: /"instance":"([^"]+)"/.exec(process.output)?.[1] ?? "",
      isDead: false,
      isStopped: false,
      fellAt: undefined,
      death: death.promise,
      died: death.resolve,
    };
    all.push(host);
    void process.ended.then(() => replace(host));
    return host;
  }

  async function replace(host: Member): Promise<void> {
    if (host.isDead || isClosed) {
      return;
    }
    const at = Date.now();
    host.isDead = true;
    host.fellAt = at;
    host.died();
    crashes.push({ host, at, isPoisoned: /heap out of memory/.test(host.process.output) });
    await start();
  }

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

/** Without its storage a host does not start. What starts hosts tries again. */
async function untilStarted(start: () => Promise<HostProcess>): Promise<HostProcess> {
  const deadline = performance.now() + STARTS_WITHIN;
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (performance.now() > deadline) {
        throw error;
      }
      await wait(200);
    }
  }
}
