import * as z from "zod";
import { duration, LONGEST_TIMER, size } from "./duration.ts";
import { toStorageLocations } from "./storage-locations.ts";

/** Every environment variable with its default. A test compares docs/configuration.md with this schema. */
export const environment = z.object({
  PORT: integer(7071, 0, 65_535).describe("port that the Node host listens on; 0 chooses a free port"),
  HOST: z.string().default("127.0.0.1").describe("address that the Node host listens on"),
  PUBLIC_BASE_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("URL at which clients reach the gateway; used in Agent Cards"),
  CORS_ORIGINS: list().describe("origins whose pages may call the gateway, comma-separated"),
  GATEWAY_CONFIG: z
    .string()
    .optional()
    .describe("path of the gateway config module to use instead of gateway.config.ts"),
  TASK_STORE: z
    .enum(["table", "memory"])
    .default("table")
    .describe("`memory` keeps all data in this process, for development"),
  STORAGE_CONNECTION_STRING: z
    .string()
    .optional()
    .describe("connection string of the storage account; for several accounts one line each, `name=connection string`"),
  STORAGE_ACCOUNT: list(
    /^[a-z0-9]{3,24}$/,
    "the name of a storage account: 3 to 24 lower-case letters and digits",
  ).describe("name of the storage account, opened with the managed identity; several comma-separated"),
  AUTH_MODE: z
    .enum(["jwt", "none"])
    .default("jwt")
    .describe("`none` serves all requests without a token, on loopback only"),
  AUTH_ISSUER: list(/^https?:/, "an http or https URL").describe(
    "issuers whose access tokens are accepted, comma-separated",
  ),
  AUTH_AUDIENCE: list().describe("accepted audiences of access tokens, comma-separated"),
  AUTH_REQUIRED_ROLE: z.string().optional().describe("role that every caller needs"),
  AUTH_MAX_TOKEN_LIFETIME: duration("15 min", "1 min", "30 d").describe("longest accepted lifetime of an access token"),
  AUTH_OPERATOR_ROLE: z.string().optional().describe("role whose callers may read and cancel the tasks of all callers"),
  SERVE_EVERYBODY_ON_ANY_ADDRESS: z
    .enum(["yes"])
    .optional()
    .describe("`yes` allows AUTH_MODE=none to listen on any address: anyone who can reach the port has full access"),
  KEY_VAULT_URL: z
    .url({ protocol: /^https$/ })
    .optional()
    .describe("key vault with the secrets `state-key` and `card-signing-key`, opened with the managed identity"),
  STATE_KEY: list(/^[A-Za-z0-9+/]{43}=$/, "32 bytes in base64, such as `openssl rand -base64 32` prints", true)
    .transform((keys) => keys.map((key) => new Uint8Array(Buffer.from(key, "base64"))))
    .describe(
      "32 bytes in base64 that sign page tokens and encrypt webhook credentials, the same on every instance; earlier keys may follow, comma-separated, and are still accepted",
    ),
  CARD_SIGNING_KEY: z
    .string()
    .transform((pem) => pem.replaceAll("\\n", "\n"))
    .optional()
    .describe("private key that signs Agent Cards, in PKCS #8 PEM; line breaks may be written as `\\n`"),
  LEASE_SECONDS: integer(30, 2, 600).describe(
    "length of a lease in seconds: the turns of an instance that is silent for longer are taken over",
  ),
  SWEEP_SECONDS: integer(15, 1, 600).describe(
    "interval in seconds at which an instance looks for turns that no instance runs",
  ),
  TAIL_READS_PER_SECOND: integer(200, 1, 10_000).describe(
    "most reads per second that an instance spends on watching tasks",
  ),
  INPUT_TIMEOUT: duration("24 h", "1 s", "3650 d").describe("how long a task may wait for input before it fails"),
  TASK_RETENTION: duration("7 d", "1 s", "3650 d").describe("how long an ended task is kept"),
  TURN_TIMEOUT: duration("15 min", "1 s", LONGEST_TIMER).describe("how long an agent may work on one message"),
  STREAM_IDLE_TIMEOUT: duration("10 min", "1 s", LONGEST_TIMER).describe(
    "a stream without events is closed after this time",
  ),
  STREAM_MAX_DURATION: duration("1 h", "1 s", LONGEST_TIMER).describe(
    "a stream is closed after this time at the latest",
  ),
  SHUTDOWN_GRACE: duration("10 s", "0", "1 h").describe(
    "how long running turns may take to end after SIGTERM before they are handed over to another instance",
  ),
  FUNCTION_TIMEOUT: duration("0", "0", "36500 d")
    .transform((limit) => limit || undefined)
    .describe("function timeout; set by the Functions host from host.json"),
  WEBSITE_SITE_NAME: z.string().optional().describe("set by Azure Functions and App Service; used to detect them"),
  CONTAINER_APP_NAME: z.string().optional().describe("set by Azure Container Apps; used to detect it"),
  HEADERS_TIMEOUT: duration("15 s", "1 s", "10 min").describe(
    "how long a client may take to send the headers of a request (Node host)",
  ),
  REQUEST_TIMEOUT: duration("2 min", "1 s", "24 h").describe(
    "how long a client may take to send a whole request (Node host)",
  ),
  MAX_SSE_EVENT: size("1 MiB", "64 KiB", "4 MiB").describe(
    "largest SSE event; a larger artifact is sent in several events, a larger status message fails in the agent",
  ),
  MAX_BODY: size("32 MiB", "1 KiB", "256 MiB").describe("largest request body"),
  MAX_PARTS: integer(1_000, 1, 100_000).describe("most parts in one message"),
  MAX_DEPTH: integer(64, 8, 1_000).describe("deepest nesting of JSON in a request"),
  MAX_EVENTS_PER_TASK: integer(10_000, 10, 1_000_000).describe("most events of one task"),
  MAX_TURNS: integer(1_000, 1, 100_000).describe("most turns that one instance runs at once"),
  MAX_STREAMS: integer(20_000, 1, 1_000_000).describe("most streams that are open on one instance"),
  MAX_STREAMS_PER_CALLER: integer(1_000, 1, 1_000_000).describe(
    "most streams that one caller may have open on one instance",
  ),
  MAX_REQUESTS_PER_SECOND: integer(500, 1, 1_000_000).describe(
    "requests per second that one caller may send to one instance; a burst may be twice as large",
  ),
  WEBHOOK_ALLOWED_HOSTS: list().describe(
    "hosts, or host:port, that webhooks may use even with a private address or over http, comma-separated",
  ),
  LOG_LEVEL: z
    .enum(["debug", "info", "warn", "error", "silent"])
    .default("info")
    .describe("least severe level that is logged"),
});

export type Environment = z.output<typeof environment>;

export type Config = Readonly<Environment>;

/** The configuration is invalid. The message is for the operator who starts the host. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** @throws ConfigError that lists every malformed value and every invalid combination. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = environment.superRefine(refuseWhatCannotWork, ALWAYS).safeParse(given);
  if (!parsed.success) {
    throw new ConfigError(`Invalid configuration:\n${z.prettifyError(parsed.error)}`);
  }
  return Object.freeze(parsed.data);
}

const LOOPBACK = ["127.0.0.1", "::1", "localhost"];

/** Also when single values are malformed: one start reports every error. */
const ALWAYS = { when: () => true };

/** Malformed values are missing from `config`. */
function refuseWhatCannotWork(config: Partial<Environment>, context: z.RefinementCtx): void {
  const refuse = (path: keyof Environment, message: string): void =>
    context.addIssue({ code: "custom", path: [path], message });
  if (config.TASK_STORE === "table" && !config.STORAGE_CONNECTION_STRING && !config.STORAGE_ACCOUNT?.length) {
    refuse(
      "STORAGE_CONNECTION_STRING",
      "is required: set it or STORAGE_ACCOUNT, or TASK_STORE=memory to try the gateway without storage",
    );
  }
  if (config.STORAGE_CONNECTION_STRING && config.STORAGE_ACCOUNT?.length) {
    refuse("STORAGE_ACCOUNT", "cannot be combined with STORAGE_CONNECTION_STRING: set only one of them");
  }
  const names = toStorageLocations({ STORAGE_ACCOUNT: [], ...config }).map(({ name }) => name);
  if (new Set(names).size < names.length) {
    const named = config.STORAGE_CONNECTION_STRING ? "STORAGE_CONNECTION_STRING" : "STORAGE_ACCOUNT";
    refuse(named, "each of several storage accounts needs a different name, such as `one=DefaultEndpointsProtocol=…`");
  }
  if ((config.HEADERS_TIMEOUT ?? 0) > (config.REQUEST_TIMEOUT ?? Infinity)) {
    refuse("HEADERS_TIMEOUT", "must not be longer than REQUEST_TIMEOUT, which includes it");
  }
  if (config.AUTH_MODE === "none") {
    refuseWithoutAuthentication(config, refuse);
  }
  if (config.FUNCTION_TIMEOUT !== undefined) {
    refuseOnFunctions(config, config.FUNCTION_TIMEOUT, refuse);
  }
  if (config.AUTH_MODE === "jwt" && config.STATE_KEY?.length === 0 && !config.KEY_VAULT_URL) {
    refuse(
      "STATE_KEY",
      "is required with AUTH_MODE=jwt: set the same key on every instance, such as `openssl rand -base64 32` prints",
    );
  }
  const isAzure = config.WEBSITE_SITE_NAME || config.CONTAINER_APP_NAME;
  for (const name of ["STATE_KEY", "CARD_SIGNING_KEY"] as const) {
    if (config[name]?.length && (isAzure || config.KEY_VAULT_URL)) {
      refuse(name, "is for development only: in Azure, store it as a secret in the key vault of KEY_VAULT_URL");
    }
  }
}

function refuseWithoutAuthentication(
  config: Partial<Environment>,
  refuse: (path: keyof Environment, message: string) => void,
): void {
  if (!LOOPBACK.includes(config.HOST ?? "") && config.SERVE_EVERYBODY_ON_ANY_ADDRESS !== "yes") {
    refuse(
      "HOST",
      "must be 127.0.0.1, ::1 or localhost with AUTH_MODE=none, which serves all requests without a token",
    );
  }
  if (config.WEBSITE_SITE_NAME || config.CONTAINER_APP_NAME) {
    refuse("AUTH_MODE", "must not be none in Azure, because it serves all requests without a token");
  }
}

/** A turn or stream must end this many ms before the function timeout, which ends the worker and all calls on it. */
const FUNCTION_MARGIN = 60_000;

function refuseOnFunctions(
  config: Partial<Environment>,
  functionTimeout: number,
  refuse: (path: keyof Environment, message: string) => void,
): void {
  if (config.TASK_STORE === "memory") {
    refuse("TASK_STORE", "must not be memory on Azure Functions, whose instances share no memory: remove it");
  }
  for (const name of ["TURN_TIMEOUT", "STREAM_MAX_DURATION"] as const) {
    if ((config[name] ?? 0) > functionTimeout - FUNCTION_MARGIN) {
      const most = Math.max(0, (functionTimeout - FUNCTION_MARGIN) / 1_000);
      refuse(
        name,
        `must be at most ${most} s: one minute less than the function timeout of ${functionTimeout / 1_000} s`,
      );
    }
  }
}

function integer(fallback: number, min: number, max: number): z.ZodType<number, string | undefined> {
  return z
    .string()
    .default(String(fallback))
    .transform((text, context) => {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
      if (!(value >= min && value <= max)) {
        context.addIssue({
          code: "custom",
          message: `${JSON.stringify(text)} is not a whole number from ${min} to ${max}`,
        });
        return z.NEVER;
      }
      return value;
    })
    .meta({ range: `${min} to ${max}` });
}

/** A comma-separated list. `expected` says what an item that does not match should be; an error never shows a secret item. */
function list(each = /^/, expected = "", isSecret = false): z.ZodType<string[], string | undefined> {
  return z
    .string()
    .default("")
    .transform((text, context) => {
      const items = text
        .split(",")
        .map((item) => item.trim())
        .filter((item) => item !== "");
      for (const item of items.filter((one) => !each.test(one))) {
        const message = `${isSecret ? "an item" : JSON.stringify(item)} is not ${expected}`;
        context.addIssue({ code: "custom", message });
      }
      return items;
    });
}
