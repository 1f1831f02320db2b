import { createServer } from "node:http";
import { resolve } from "node:path";
import { ConfigError } from "../../config/config.ts";
import type { Config } from "../../config/config.ts";
import { isGiven, readConfig } from "../../config/read-config.ts";
import { startAzurite } from "./azurite.ts";
import type { Azurite } from "./azurite.ts";
import { listen } from "./listen.ts";
import { readStateKey } from "./state-key.ts";
import { toTerminalLine } from "./terminal-line.ts";
import { toWelcome } from "./welcome.ts";

const DATA = resolve(".data");
/** Placeholder for the connection string until Azurite has started. */
const AZURITE = "azurite";

let azurite: Promise<Azurite> | undefined;
let place = "";

/** The Node host with Azurite, its log and a welcome for a person. */
export async function startAtTerminal(): Promise<void> {
  const starting = Promise.withResolvers<void>();
  const configured = configure(starting.resolve);
  // What it throws is said by the host that waits for it. The rest is loaded once Azurite has its own process.
  await Promise.race([starting.promise, configured.catch(() => {})]);
  const [{ createLogger }, { runUntilSignal }, { loadStorageClients }] = await Promise.all([
    import("./logger.ts"),
    import("./run-until-signal.ts"),
    import("../../compose/stores.ts"),
  ]);
  if (azurite) await loadStorageClients();
  await runUntilSignal({
    configure: () => configured,
    createLogger: (level) => createLogger(level, (line) => console.log(toTerminalLine(line))),
    started: ({ url }, definition) => console.log(toWelcome({ url, definition, place, pid: process.pid })),
    stopped: async () => (await azurite)?.close(),
  });
}

async function configure(azuriteStarts: () => void): Promise<Config> {
  const config = readConfig({
    AUTH_MODE: "none",
    STATE_KEY: readStateKey(`${DATA}/state-key`),
    // There is only one instance: after a kill its turns should continue soon after the next start.
    LEASE_SECONDS: "5",
    SWEEP_SECONDS: "2",
    // The user who pressed Ctrl+C is waiting.
    SHUTDOWN_GRACE: "1 s",
    ...(isGiven("STORAGE_ACCOUNT") ? {} : { STORAGE_CONNECTION_STRING: AZURITE }),
  });
  if (config.TASK_STORE === "memory") {
    place = "in memory, until this process ends";
    return config;
  }
  if (config.STORAGE_CONNECTION_STRING !== AZURITE) {
    place = "in the configured storage account";
    return config;
  }
  await refuseTakenPort(config);
  place = `in ${DATA} (delete the folder to start over)`;
  return { ...config, STORAGE_CONNECTION_STRING: await openAzurite(azuriteStarts) };
}

async function openAzurite(starts: () => void): Promise<string> {
  process.stdout.write("Starting Azurite…");
  const start = performance.now();
  azurite = startAzurite(`${DATA}/azurite`);
  starts();
  try {
    const { connectionString } = await azurite;
    console.log(` ready after ${((performance.now() - start) / 1_000).toFixed(1)} s.`);
    return connectionString;
  } catch (error) {
    console.log();
    azurite = undefined;
    throw new ConfigError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Reports a port in use at once, not after Azurite has started. */
async function refuseTakenPort(config: Config): Promise<void> {
  const probe = createServer();
  await listen(probe, config);
  probe.close();
}
