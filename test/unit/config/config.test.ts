import { describe, expect, test } from "vitest";
import { ConfigError, environment, parseConfig } from "../../../src/config/config.ts";

const local = { AUTH_MODE: "none", TASK_STORE: "memory" };

test("defaults hold, and an empty value is none", () => {
  expect(parseConfig({ ...local, PORT: "" })).toMatchObject({
    PORT: 7071,
    HOST: "127.0.0.1",
    LEASE_SECONDS: 30,
    TURN_TIMEOUT: 900_000,
    MAX_BODY: 32 * 1024 ** 2,
    CORS_ORIGINS: [],
  });
});

test("variables of other programs are left alone", () => {
  expect(parseConfig({ ...local, HOME: "/home" })).not.toHaveProperty("HOME");
});

test("the configuration cannot be changed", () => {
  expect(parseConfig(local)).toSatisfy(Object.isFrozen);
});

test.each([
  ["1500 ms", 1_500],
  ["90", 90_000],
  ["2s", 2_000],
  ["15 min", 900_000],
  ["24 H", 86_400_000],
  ["7 d", 604_800_000],
])("the duration %j is %d ms", (text, ms) => {
  expect(parseConfig({ ...local, TURN_TIMEOUT: text }).TURN_TIMEOUT).toBe(ms);
});

test.each([
  ["2048", 2_048],
  ["64 KiB", 65_536],
  ["1mib", 1_048_576],
])("the size %j is %d bytes", (text, bytes) => {
  expect(parseConfig({ ...local, MAX_BODY: text }).MAX_BODY).toBe(bytes);
});

describe("a value outside its range is refused with the setting, the value and the range:", () => {
  test.each([
    ["HEADERS_TIMEOUT", "0", "0 is not a duration from 1 s to 10 min"],
    ["HEADERS_TIMEOUT", "11 min", "11 min is not a duration from 1 s to 10 min"],
    ["REQUEST_TIMEOUT", "0 s", "0 s is not a duration from 1 s to 24 h"],
    ["TURN_TIMEOUT", "0", "0 is not a duration from 1 s to 24 d"],
    ["TURN_TIMEOUT", "25 d", "25 d is not a duration from 1 s to 24 d"],
    ["STREAM_IDLE_TIMEOUT", "10 ms", "10 ms is not a duration from 1 s to 24 d"],
    ["STREAM_MAX_DURATION", "999999999999 d", "999999999999 d is not a duration from 1 s to 24 d"],
    ["INPUT_TIMEOUT", "0", "0 is not a duration from 1 s to 3650 d"],
    ["TASK_RETENTION", "0", "0 is not a duration from 1 s to 3650 d"],
    ["AUTH_MAX_TOKEN_LIFETIME", "1 s", "1 s is not a duration from 1 min to 30 d"],
    ["SHUTDOWN_GRACE", "2 h", "2 h is not a duration from 0 to 1 h"],
    ["MAX_SSE_EVENT", "63 KiB", "63 KiB is not a size from 64 KiB to 4 MiB"],
    ["MAX_SSE_EVENT", "5 MiB", "5 MiB is not a size from 64 KiB to 4 MiB"],
    ["MAX_BODY", "1023", "1023 is not a size from 1 KiB to 256 MiB"],
    ["MAX_BODY", "1 GiB", "1 GiB is not a size from 1 KiB to 256 MiB"],
    ["MAX_DEPTH", "7", "7 is not a whole number from 8 to 1000"],
  ])("%s=%s", (name, value, message) => {
    const expected = `✖ ${message.replace(value, JSON.stringify(value))}\n  → at ${name}`;
    expect(() => parseConfig({ ...local, [name]: value })).toThrow(expected);
  });

  test("but its ends are not", () => {
    const ends = { SHUTDOWN_GRACE: "0", FUNCTION_TIMEOUT: "0", TURN_TIMEOUT: "24 d", MAX_SSE_EVENT: "64 KiB" };
    expect(parseConfig({ ...local, ...ends })).toMatchObject({ SHUTDOWN_GRACE: 0, MAX_SSE_EVENT: 65_536 });
  });

  test("a duration that becomes a timer fits into one", () => {
    const { TURN_TIMEOUT, STREAM_IDLE_TIMEOUT, STREAM_MAX_DURATION, SHUTDOWN_GRACE, HEADERS_TIMEOUT, REQUEST_TIMEOUT } =
      environment.shape;
    const timers = {
      TURN_TIMEOUT,
      STREAM_IDLE_TIMEOUT,
      STREAM_MAX_DURATION,
      SHUTDOWN_GRACE,
      HEADERS_TIMEOUT,
      REQUEST_TIMEOUT,
    };
    for (const schema of Object.values(timers)) {
      const longest = String(schema.meta()?.["range"]).replace(/^.* to /, "");
      expect(schema.parse(longest)).toBeLessThan(2 ** 31);
    }
  });
});

test("origins are a comma-separated list", () => {
  const { CORS_ORIGINS } = parseConfig({ ...local, CORS_ORIGINS: "https://a.example, https://b.example," });
  expect(CORS_ORIGINS).toEqual(["https://a.example", "https://b.example"]);
});

describe("every invalid combination is refused in one error", () => {
  test.each([
    [{ PORT: "65536" }, ["PORT"]],
    [{ PORT: "7e3" }, ["PORT"]],
    [{ TURN_TIMEOUT: "-1 s" }, ["TURN_TIMEOUT"]],
    [{ TURN_TIMEOUT: "1 week" }, ["TURN_TIMEOUT"]],
    [{ MAX_BODY: "32 MB" }, ["MAX_BODY"]],
    [{ STATE_KEY: "c2hvcnQ=" }, ["STATE_KEY"]],
    [{ PUBLIC_BASE_URL: "ftp://a.example" }, ["PUBLIC_BASE_URL"]],
    [{ STORAGE_ACCOUNT: "Not An Account" }, ["STORAGE_ACCOUNT"]],
    [{ TASK_STORE: "table" }, ["STORAGE_CONNECTION_STRING"]],
    [{ STORAGE_ACCOUNT: "mine", STORAGE_CONNECTION_STRING: "x" }, ["STORAGE_ACCOUNT"]],
    [{ HOST: "0.0.0.0" }, ["HOST"]],
    [{ AUTH_MODE: "jwt" }, ["STATE_KEY"]],
    [{ AUTH_ISSUER: "id.example" }, ["AUTH_ISSUER"]],
    [{ CONTAINER_APP_NAME: "mine" }, ["AUTH_MODE"]],
    [{ HEADERS_TIMEOUT: "3 min" }, ["HEADERS_TIMEOUT"]],
    [{ KEY_VAULT_URL: "http://mine.vault.azure.net" }, ["KEY_VAULT_URL"]],
    [{ KEY_VAULT_URL: "https://mine.vault.azure.net", STATE_KEY: "A".repeat(43) + "=" }, ["STATE_KEY"]],
    [
      { AUTH_MODE: "jwt", WEBSITE_SITE_NAME: "mine", STATE_KEY: "A".repeat(43) + "=", CARD_SIGNING_KEY: "x" },
      ["CARD_SIGNING_KEY", "STATE_KEY"],
    ],
    [
      { AUTH_MODE: "jwt", PORT: "x", LEASE_SECONDS: "1", TASK_STORE: "table" },
      ["LEASE_SECONDS", "PORT", "STATE_KEY", "STORAGE_CONNECTION_STRING"],
    ],
    [{ HOST: "0.0.0.0", LOG_LEVEL: "loud" }, ["HOST", "LOG_LEVEL"]],
  ])("%j", (env: Record<string, string>, names) => {
    expect(mistakes({ ...local, ...env })).toEqual(names);
  });

  test("the error for a malformed secret does not contain it", () => {
    const env = { ...local, STATE_KEY: "canary", CARD_SIGNING_KEY: "canary", STORAGE_CONNECTION_STRING: "canary" };
    expect(() => parseConfig(env)).toThrow(/STATE_KEY/);
    expect(() => parseConfig(env)).not.toThrow(/canary/);
  });

  test("a gateway without AUTH_MODE does not start without tokens", () => {
    expect(mistakes({ TASK_STORE: "memory" })).toEqual(["STATE_KEY"]);
  });
});

/** The names that the error gives, sorted. */
function mistakes(env: Record<string, string>): string[] {
  try {
    parseConfig(env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [...error.message.matchAll(/→ at (\w+)/g)].map(([, name]) => name ?? "").toSorted();
  }
}
