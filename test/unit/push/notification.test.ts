import { expect, test } from "vitest";
import type { PushConfig } from "../../../src/push/config-row.ts";
import { toNotification } from "../../../src/push/notification.ts";

const event = {
  payload: {
    $case: "statusUpdate" as const,
    value: { taskId: "t", contextId: "c", status: undefined, metadata: undefined },
  },
};
const config = { url: "https://client.example/hook", scheme: "Bearer", version: "1.0" } as PushConfig;

test("a webhook is called with its scheme and credentials", () => {
  const { headers } = toNotification(config, { token: "", credentials: "secret" }, 1, event, undefined);
  expect(headers["authorization"]).toBe("Bearer secret");
});

test("a webhook whose config has a scheme and no credentials is called without Authorization", () => {
  const { headers } = toNotification(config, { token: "tok", credentials: "" }, 1, event, undefined);
  expect(headers).not.toHaveProperty("authorization");
  expect(headers["x-a2a-notification-token"]).toBe("tok");
});
