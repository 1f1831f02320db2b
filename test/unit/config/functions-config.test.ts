import { describe, expect, test } from "vitest";
import { readBaseUrl, readFunctionsConfig } from "../../../src/config/functions-config.ts";

const connection = "DefaultEndpointsProtocol=https;AccountName=one;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net";
const env = { AUTH_MODE: "none", AzureWebJobsStorage: connection };

test("times fit into the function timeout", () => {
  expect(readFunctionsConfig("00:30:00", env)).toMatchObject({
    FUNCTION_TIMEOUT: 30 * 60_000,
    TURN_TIMEOUT: 15 * 60_000,
    STREAM_MAX_DURATION: 25 * 60_000,
    SWEEP_SECONDS: 30,
    SHUTDOWN_GRACE: 1_000,
  });
  expect(readFunctionsConfig("00:10:00", env)).toMatchObject({ TURN_TIMEOUT: 540_000, STREAM_MAX_DURATION: 540_000 });
  expect(readFunctionsConfig("-1", env)).toMatchObject({ TURN_TIMEOUT: 15 * 60_000 });
});

test("an app setting changes the function timeout", () => {
  const setting = { AzureFunctionsJobHost__functionTimeout: "1.02:00:00" };
  expect(readFunctionsConfig("00:30:00", { ...env, ...setting }).FUNCTION_TIMEOUT).toBe(26 * 3_600_000);
});

describe("what cannot work on Functions is refused:", () => {
  test.each<[string, Record<string, string>, string]>([
    ["a turn that outlasts the function", { TURN_TIMEOUT: "29.5 min" }, "TURN_TIMEOUT"],
    ["a turn without a minute to spare", { TURN_TIMEOUT: "1741 s" }, "TURN_TIMEOUT"],
    ["a stream that outlasts the function", { STREAM_MAX_DURATION: "1 h" }, "STREAM_MAX_DURATION"],
    ["memory", { TASK_STORE: "memory" }, "TASK_STORE"],
    ["no authentication in Azure", { WEBSITE_SITE_NAME: "mine" }, "AUTH_MODE"],
    ["another account than the trigger's", { STORAGE_ACCOUNT: "other" }, "AzureWebJobsStorage"],
    ["a time span that is none", { AzureFunctionsJobHost__functionTimeout: "30 min" }, "functionTimeout"],
    [
      "a function timeout without room for a turn",
      { AzureFunctionsJobHost__functionTimeout: "00:01:00" },
      "functionTimeout",
    ],
    ["no storage", { AzureWebJobsStorage: "" }, "STORAGE_CONNECTION_STRING"],
  ])("%s", (_what, given, name) => {
    expect(() => readFunctionsConfig("00:30:00", { ...env, ...given })).toThrow(name);
  });

  test("but a turn with a minute to spare is not", () => {
    expect(readFunctionsConfig("00:30:00", { ...env, TURN_TIMEOUT: "1740 s" }).TURN_TIMEOUT).toBe(1_740_000);
  });
});

test.each<[string, Record<string, string>, object]>([
  ["connection string", {}, { STORAGE_CONNECTION_STRING: connection }],
  ["name", { AzureWebJobsStorage: "", AzureWebJobsStorage__accountName: "one" }, { STORAGE_ACCOUNT: ["one"] }],
  [
    "address",
    { AzureWebJobsStorage: "", AzureWebJobsStorage__queueServiceUri: "https://one.queue.core.windows.net" },
    { STORAGE_ACCOUNT: ["one"] },
  ],
  [
    "name, the first of several",
    { AzureWebJobsStorage: "", AzureWebJobsStorage__accountName: "one", STORAGE_ACCOUNT: "one,two" },
    { STORAGE_ACCOUNT: ["one", "two"] },
  ],
])("the storage is the Functions host's own, by %s", (_how, given, expected) => {
  expect(readFunctionsConfig("00:30:00", { ...env, ...given })).toMatchObject(expected);
});

test("cards name the app's own address", () => {
  expect(readBaseUrl({ WEBSITE_HOSTNAME: "mine.azurewebsites.net" })).toBe("https://mine.azurewebsites.net");
  expect(readBaseUrl({ WEBSITE_HOSTNAME: "localhost:7072" })).toBe("http://localhost:7072");
  expect(readBaseUrl({})).toBe("http://localhost:7071");
});
