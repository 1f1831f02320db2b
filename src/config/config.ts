import * as z from "zod";
import { duration, size } from "./duration.ts";
import { toStorageLocations } from "./storage-locations.ts";

/** Every setting that the environment gives, with its default. docs/configuration.md is tested against this. */
export const environment = z.object({
  PORT: integer(7071, 0, 65_535).describe("port the Node host listens on; 0 takes a free one"),
  HOST: z.string().default("127.0.0.1").describe("address the Node host listens on"),
  PUBLIC_BASE_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("URL under which clients reach the gateway; Agent Cards name it"),
  CORS_ORIGINS: list().describe("origins whose pages may call, by comma; none by default"),
  GATEWAY_CONFIG: z.string().optional().describe("path of another gateway config module"),
  TASK_STORE: z.enum(["table", "memory"]).default("table").describe("`memory` keeps everything in this one process"),
  STORAGE_CONNECTION_STRING: z
    .string()
    .optional()
    .describe("storage account by connection string; of several a line each, `name=connection string`"),
  STORAGE_ACCOUNT: list(/^[a-z0-9]{3,24}$/).describe(
    "storage account by name, opened with the managed identity; several by comma",
  ),
  AUTH_MODE: z.enum(["jwt", "none"]).default("jwt").describe("`none` serves everybody, on loopback only"),
  AUTH_ISSUER: list(/^https?:/).describe("issuers whose access tokens count, by comma"),
  AUTH_AUDIENCE: list().describe("what such a token must be made for, one of these by comma"),
  AUTH_REQUIRED_ROLE: z.string().optional().describe("role that every caller needs"),
  AUTH_MAX_TOKEN_LIFETIME: duration("15 min").describe("a token that was made for longer does not count"),
  AUTH_OPERATOR_ROLE: z.string().optional().describe("role whose callers may read and cancel what is others'"),
  SERVE_EVERYBODY_ON_ANY_ADDRESS: z
    .enum(["yes"])
    .optional()
    .describe("`yes` lets AUTH_MODE=none listen beyond loopback: whoever reaches the port may do everything"),
  KEY_VAULT_URL: z
    .url({ protocol: /^https$/ })
    .optional()
    .describe("key vault with the secrets `state-key` and `card-signing-key`, opened with the managed identity"),
  STATE_KEY: list(/^[A-Za-z0-9+/]{43}=$/, () => "a key is 32 bytes in base64, such as `openssl rand -base64 32` prints")
    .transform((keys) => keys.map((key) => new Uint8Array(Buffer.from(key, "base64"))))
    .describe(
      "32 bytes in base64, signs page tokens and seals credentials; every instance needs the same; earlier ones after it, by comma, still open what they closed",
    ),
  CARD_SIGNING_KEY: z
    .string()
    .transform((pem) => pem.replaceAll("\\n", "\n"))
    .optional()
    .describe("private key that signs Agent Cards, in PKCS #8 PEM; line breaks may be written as `\\n`"),
  LEASE_SECONDS: integer(30, 2, 600).describe("how long a silent instance keeps its turns"),
  SWEEP_SECONDS: integer(15, 1, 600).describe("how often an instance looks for turns that nobody works on"),
  TAIL_READS_PER_SECOND: integer(200, 1, 10_000).describe("reads a second that watching tasks may cost an instance"),
  INPUT_TIMEOUT: duration("24 h").describe("how long a task waits for an answer"),
  TASK_RETENTION: duration("7 d").describe("how long an ended task is kept"),
  TURN_TIMEOUT: duration("15 min").describe("how long an agent may work on one message"),
  STREAM_IDLE_TIMEOUT: duration("10 min").describe("a stream without events closes after this"),
  STREAM_MAX_DURATION: duration("1 h").describe("a stream closes after this at the latest"),
  SHUTDOWN_GRACE: duration("10 s").describe(
    "how long running turns may take to end after SIGTERM, before they are handed over",
  ),
  FUNCTION_TIMEOUT: duration("0")
    .transform((limit) => limit || undefined)
    .describe("how long an invocation may take; the Functions host sets it, from host.json"),
  WEBSITE_SITE_NAME: z.string().optional().describe("set by Azure Functions and App Service, which this shows"),
  CONTAINER_APP_NAME: z.string().optional().describe("set by Azure Container Apps, which this shows"),
  HEADERS_TIMEOUT: duration("15 s").describe("how long a client may take to send a request's headers (Node host)"),
  REQUEST_TIMEOUT: duration("2 min").describe("how long it may take to send a whole request (Node host)"),
  MAX_SSE_EVENT: size("1 MiB").describe(
    "largest SSE event: larger artifacts go out in pieces, a larger status message is refused to its agent",
  ),
  MAX_BODY: size("32 MiB").describe("largest request body"),
  MAX_PARTS: integer(1_000, 1, 100_000).describe("most parts of one message"),
  MAX_DEPTH: integer(64, 8, 1_000).describe("deepest nesting of JSON"),
  MAX_EVENTS_PER_TASK: integer(10_000, 10, 1_000_000).describe("most events of one task"),
  MAX_TURNS: integer(1_000, 1, 100_000).describe("most turns that run on one instance at once"),
  MAX_STREAMS: integer(20_000, 1, 1_000_000).describe("most streams open on one instance at once"),
  MAX_STREAMS_PER_CALLER: integer(1_000, 1, 1_000_000).describe("most of them that are one caller's"),
  MAX_REQUESTS_PER_SECOND: integer(500, 1, 1_000_000).describe(
    "requests a second that one caller may send to an instance, twice as many in a burst",
  ),
  WEBHOOK_ALLOWED_HOSTS: list().describe(
    "hosts, or host:port, that webhooks may name whatever their address, also over http",
  ),
  LOG_LEVEL: z
    .enum(["debug", "info", "warn", "error", "silent"])
    .default("info")
    .describe("least severe level that is logged"),
});

export type Environment = z.output<typeof environment>;

export type Config = Readonly<Environment>;

/** The environment asks for what cannot be. The message is for the person who starts the host. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** @throws ConfigError that names every value that is malformed and every combination that cannot work. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = environment.superRefine(refuseWhatCannotWork, ALWAYS).safeParse(given);
  if (!parsed.success) {
    throw new ConfigError(`The environment is not right:\n${z.prettifyError(parsed.error)}`);
  }
  return Object.freeze(parsed.data);
}

const LOOPBACK = ["127.0.0.1", "::1", "localhost"];

/** Also when single values are wrong already: one start tells every mistake. */
const ALWAYS = { when: () => true };

/** What is malformed is missing here. */
function refuseWhatCannotWork(config: Partial<Environment>, context: z.RefinementCtx): void {
  const refuse = (path: keyof Environment, message: string): void =>
    context.addIssue({ code: "custom", path: [path], message });
  if (config.TASK_STORE === "table" && !config.STORAGE_CONNECTION_STRING && !config.STORAGE_ACCOUNT?.length) {
    refuse(
      "STORAGE_CONNECTION_STRING",
      "set it, or STORAGE_ACCOUNT, or TASK_STORE=memory to try the gateway without storage",
    );
  }
  if (config.STORAGE_CONNECTION_STRING && config.STORAGE_ACCOUNT?.length) {
    refuse("STORAGE_ACCOUNT", "set either this or STORAGE_CONNECTION_STRING");
  }
  const names = toStorageLocations({ STORAGE_ACCOUNT: [], ...config }).map(({ name }) => name);
  if (new Set(names).size < names.length) {
    const named = config.STORAGE_CONNECTION_STRING ? "STORAGE_CONNECTION_STRING" : "STORAGE_ACCOUNT";
    refuse(named, "of several storage accounts each needs a name of its own, such as `one=DefaultEndpointsProtocol=…`");
  }
  if ((config.HEADERS_TIMEOUT ?? 0) > (config.REQUEST_TIMEOUT ?? Infinity)) {
    refuse("HEADERS_TIMEOUT", "may not be longer than REQUEST_TIMEOUT, of which it is a part");
  }
  if (config.AUTH_MODE === "none") {
    refuseWithoutAuthentication(config, refuse);
  }
  if (config.FUNCTION_TIMEOUT !== undefined) {
    refuseOnFunctions(config, config.FUNCTION_TIMEOUT, refuse);
  }
  if (config.AUTH_MODE === "jwt" && config.STATE_KEY?.length === 0 && !config.KEY_VAULT_URL) {
    refuse("STATE_KEY", "set it, the same for every instance, such as `openssl rand -base64 32` prints");
  }
  const isAzure = config.WEBSITE_SITE_NAME || config.CONTAINER_APP_NAME;
  for (const name of ["STATE_KEY", "CARD_SIGNING_KEY"] as const) {
    if (config[name]?.length && (isAzure || config.KEY_VAULT_URL)) {
      refuse(name, "is for development: in Azure it is a secret of the key vault that KEY_VAULT_URL names");
    }
  }
}

function refuseWithoutAuthentication(
  config: Partial<Environment>,
  refuse: (path: keyof Environment, message: string) => void,
): void {
  if (!LOOPBACK.includes(config.HOST ?? "") && config.SERVE_EVERYBODY_ON_ANY_ADDRESS !== "yes") {
    refuse("HOST", "AUTH_MODE=none serves everybody, so it listens on 127.0.0.1, ::1 or localhost only");
  }
  if (config.WEBSITE_SITE_NAME || config.CONTAINER_APP_NAME) {
    refuse("AUTH_MODE", "AUTH_MODE=none serves everybody, which is not for Azure");
  }
}

/** Ms before the function timeout when a turn or a stream must have ended: the timeout ends the worker, with all it does. */
const FUNCTION_MARGIN = 60_000;

function refuseOnFunctions(
  config: Partial<Environment>,
  functionTimeout: number,
  refuse: (path: keyof Environment, message: string) => void,
): void {
  if (config.TASK_STORE === "memory") {
    refuse("TASK_STORE", "instances of a function app share no memory; leave it out");
  }
  for (const name of ["TURN_TIMEOUT", "STREAM_MAX_DURATION"] as const) {
    if ((config[name] ?? 0) > functionTimeout - FUNCTION_MARGIN) {
      const most = Math.max(0, (functionTimeout - FUNCTION_MARGIN) / 1_000);
      refuse(name, `may be ${most} s at most: a minute less than the function timeout of ${functionTimeout / 1_000} s`);
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
    });
}

/** `complain` says what is wrong with an item that does not match; of a secret without the item. */
function list(
  each = /^/,
  complain = (item: string) => `${JSON.stringify(item)} does not match ${String(each)}`,
): z.ZodType<string[], string | undefined> {
  return z
    .string()
    .default("")
    .transform((text, context) => {
      const items = text
        .split(",")
        .map((item) => item.trim())
        .filter((item) => item !== "");
      for (const item of items.filter((one) => !each.test(one))) {
        context.addIssue({ code: "custom", message: complain(item) });
      }
      return items;
    });
}
