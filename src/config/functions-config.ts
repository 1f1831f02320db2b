import { ConfigError, parseConfig } from "./config.ts";
import type { Config, Environment } from "./config.ts";
import { toStorageLocations } from "./storage-locations.ts";

type Settings = Partial<Record<keyof Environment, string>>;

/** The longest turn and stream end this many s before the function timeout, which would end the worker. */
const RESERVE = 60;
/** Longer than any process lives, in s. */
const UNLIMITED = 36_500 * 86_400;

/**
 * The configuration of a worker of the Functions host. `functionTimeout` is that of host.json.
 * @throws ConfigError
 */
export function readFunctionsConfig(functionTimeout: string, env: Environ = process.env): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const timeSpan = given["AzureFunctionsJobHost__functionTimeout"] ?? functionTimeout;
  const timeout = toSeconds(timeSpan);
  if (timeout <= RESERVE) {
    const why = "turns and streams end one minute before it";
    throw new ConfigError(`functionTimeout ${JSON.stringify(timeSpan)} is too short: ${why}. Set at least 00:02:00.`);
  }
  const defaults: Settings = {
    SWEEP_SECONDS: "30",
    SHUTDOWN_GRACE: "1 s",
    TURN_TIMEOUT: String(Math.min(15 * 60, timeout - RESERVE)),
    STREAM_MAX_DURATION: String(Math.min(25 * 60, timeout - RESERVE)),
  };
  const own = readOwnStorage(env);
  const storage = given["STORAGE_ACCOUNT"] || given["STORAGE_CONNECTION_STRING"] ? {} : own;
  const config = parseConfig({ ...defaults, ...given, ...storage, FUNCTION_TIMEOUT: String(timeout) });
  const first = toStorageLocations(config)[0]?.location ?? {};
  if (Object.values(first)[0] !== Object.values(own)[0]) {
    const why = "because the queue trigger reads from it";
    throw new ConfigError(
      `The first account of STORAGE_ACCOUNT or STORAGE_CONNECTION_STRING must be that of AzureWebJobsStorage, ${why}.`,
    );
  }
  return config;
}

type Environ = Readonly<Record<string, string | undefined>>;

/** The URL of this app, for cards where PUBLIC_BASE_URL is not set. */
export function readBaseUrl(env: Environ = process.env): string {
  const host = env["WEBSITE_HOSTNAME"] || "localhost:7071";
  return `${/^(?:localhost|127\.0\.0\.1)(?::|$)/.test(host) ? "http" : "https"}://${host}`;
}

/** The account of the Functions host: by connection string, or by name with an identity. */
function readOwnStorage(env: Environ): Settings {
  const service = env["AzureWebJobsStorage__queueServiceUri"] || env["AzureWebJobsStorage__tableServiceUri"] || "";
  const account = env["AzureWebJobsStorage__accountName"] || /^https:\/\/([a-z0-9]+)\./.exec(service)?.[1];
  if (env["AzureWebJobsStorage"]) {
    return { STORAGE_CONNECTION_STRING: env["AzureWebJobsStorage"] };
  }
  return account === undefined ? {} : { STORAGE_ACCOUNT: account };
}

/** `[d.]hh:mm:ss`, as host.json writes it; `-1` is none. */
function toSeconds(timeSpan: string): number {
  if (timeSpan === "-1") {
    return UNLIMITED;
  }
  const [, days = 0, hours, minutes, seconds = 0] = /^(?:(\d+)\.)?(\d+):(\d+)(?::(\d+))?$/.exec(timeSpan) ?? [];
  if (hours === undefined) {
    throw new ConfigError(`functionTimeout ${JSON.stringify(timeSpan)} is not a time span such as 00:30:00`);
  }
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
}
