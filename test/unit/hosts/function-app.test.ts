import { readdirSync, readFileSync } from "node:fs";
import { matchesGlob } from "node:path";
import { expect, test } from "vitest";
import { environment } from "../../../src/config/config.ts";
import { readFunctionsConfig } from "../../../src/config/functions-config.ts";
import { toSchedule } from "../../../src/hosts/functions/schedule.ts";

const root = new URL("../../../", import.meta.url);
const hostJson = readJson("host.json");

test("host.json agrees with what the code relies on", () => {
  const { http, queues } = hostJson.extensions;
  expect(http.routePrefix).toBe("");
  // The default, base64, would keep every message of ours from the handler.
  expect(queues.messageEncoding).toBe("none");
  // The default, 0, would come again at once.
  expect(queues.visibilityTimeout).not.toBe("00:00:00");
  // The default, a minute, would leave an app without a sweep for longer after its timer's owner was killed.
  expect(hostJson.singleton.listenerLockRecoveryPollingInterval).toBe("00:00:15");
  // Otherwise the Functions host logs each of its own requests to the storage account: 70 MB a day of an idle app.
  expect(hostJson.logging.logLevel["Azure.Core"]).toBe("Error");
  expect(hostJson.extensionBundle.version).toBe("[4.*, 5.0.0)");
});

test("the sample of the local settings is a configuration that works, and names nothing unknown", () => {
  const { Values } = readJson("local.settings.sample.json");
  const ofAzure = ["FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"];
  expect(Object.keys(Values).filter((name) => !(name in environment.shape))).toEqual(ofAzure);
  expect(readFunctionsConfig(hostJson.functionTimeout, Values)).toMatchObject({ AUTH_MODE: "none" });
});

test("a published app has its bundle and what the Functions host reads, and nothing else", () => {
  const ignored = readFileSync(new URL(".funcignore", root), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.replace(/\/$/, ""));
  const published = readdirSync(root).filter((name) => !ignored.some((pattern) => matchesGlob(name, pattern)));
  expect(published.filter((name) => name !== "dist").toSorted()).toEqual(["host.json", "package.json"]);
  expect(ignored).not.toContain("dist");
  expect(readJson("package.json").main).toBe("dist/functions/main.cjs");
});

test.each([
  [1, "*/1 * * * * *"],
  [30, "*/30 * * * * *"],
  [60, "0 */1 * * * *"],
  [600, "0 */10 * * * *"],
])("a sweep every %d s is scheduled as %s", (seconds, schedule) => {
  expect(toSchedule(seconds)).toBe(schedule);
});

function readJson(file: string) {
  return JSON.parse(readFileSync(new URL(file, root), "utf8"));
}
