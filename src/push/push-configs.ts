import type {
  DeleteTaskPushNotificationConfigRequest,
  GetTaskPushNotificationConfigRequest,
  ListTaskPushNotificationConfigsRequest,
  ListTaskPushNotificationConfigsResponse,
  TaskPushNotificationConfig,
} from "@a2a-js/sdk";
import type { LogRow, TaskKey } from "../ports/task-log.ts";
import { delay } from "../tasks/delay.ts";
import type { Head } from "../tasks/head.ts";
import { isTaskId } from "../tasks/read-task.ts";
import { retry } from "../tasks/retry.ts";
import type { Decision } from "../tasks/rules.ts";
import type { Call } from "../tasks/task-engine.ts";
import { invalid, TaskError } from "../tasks/task-fault.ts";
import { readVersion, transact } from "../tasks/transact.ts";
import type { Version } from "../tasks/transact.ts";
import { FIRST_CONFIG, LAST_CONFIG, parseConfigRow, toConfigKey, toConfigRow } from "./config-row.ts";
import type { PushConfig } from "./config-row.ts";
import { newConfig } from "./new-config.ts";
import type { PushParts } from "./push-parts.ts";

/** How often a deletion looks whether the delivery that was under way has ended, in ms. */
const DELETE_LOOK = 100;
/** Configs of one task. */
const MAX_CONFIGS = 10;

/** The operations of specification 3.1.7 to 3.1.10. @throws TaskError */
export interface PushConfigs {
  create(call: Call, config: TaskPushNotificationConfig): Promise<TaskPushNotificationConfig>;
  get(call: Call, request: GetTaskPushNotificationConfigRequest): Promise<TaskPushNotificationConfig>;
  list(call: Call, request: ListTaskPushNotificationConfigsRequest): Promise<ListTaskPushNotificationConfigsResponse>;
  delete(call: Call, request: DeleteTaskPushNotificationConfigRequest): Promise<void>;
}

export function createPushConfigs(parts: PushParts): PushConfigs {
  const { clock, log, rules, settings } = parts;

  return {
    async create(call, config) {
      const key = keyOf(call, config.taskId);
      const nonce = parts.random.id();
      const id = config.id || (call.version === "0.3" ? config.taskId : parts.random.id());
      for (;;) {
        const version = await find(call, key);
        const others = await readConfigs(key);
        const row = await newConfig(parts, call, { ...config, id }, key, version.head.generation, nonce);
        const created = parseConfigRow(row.body);
        if (others.some((other) => other.nonce === nonce)) {
          return toWire(created, key.taskId, config.token);
        }
        if (others.filter((other) => other.id !== id).length >= MAX_CONFIGS) {
          throw invalid("taskId", `has ${MAX_CONFIGS} push notification configs already; delete one first`);
        }
        if (await add(key, version, row)) {
          return toWire(created, key.taskId, config.token);
        }
      }
    },
    async get(call, { taskId, id }) {
      const key = keyOf(call, taskId);
      await find(call, key);
      const configs = await readConfigs(key);
      // v0.3 may ask without an id.
      const found = id === "" ? configs[0] : configs.find((config) => config.id === id);
      if (!found) {
        throw new TaskError({ code: "not-found", taskId: `${taskId}/pushNotificationConfigs/${id}` });
      }
      return toWireWithToken(found, taskId);
    },
    async list(call, { taskId, pageSize, pageToken }) {
      const key = keyOf(call, taskId);
      await find(call, key);
      const after = parsePageToken(pageToken);
      const configs = (await readConfigs(key)).filter(({ id }) => toConfigKey(id) > after);
      const page = pageSize > 0 ? configs.slice(0, pageSize) : configs;
      const last = page.at(-1);
      return {
        configs: await Promise.all(page.map((config) => toWireWithToken(config, taskId))),
        nextPageToken: last && page.length < configs.length ? toConfigKey(last.id) : "",
      };
    },
    async delete(call, { taskId, id }) {
      const key = keyOf(call, taskId);
      await find(call, key);
      const deadline = clock.monotonic() + settings.lease * 2;
      while (!(await retry(parts, deadline, () => remove(key, toConfigKey(id))))) {
        await delay(clock, DELETE_LOOK);
      }
    },
  };

  /**
   * No POST may begin once this has answered (I17): a job that delivers now is told to stop, and waited for. Resolves to
   * whether the row is gone.
   */
  async function remove(key: TaskKey, row: string): Promise<boolean> {
    const stored = await log.readVersioned(key, row);
    if (!stored) {
      return true;
    }
    const config = parseConfigRow(stored.body);
    if (parts.deliveryRules.canDelete(config, clock.now(), settings.lease)) {
      await log.deleteRow(key, row, stored.etag);
      return true;
    }
    if (config.state !== "deleted") {
      await log.replaceRow(key, toConfigRow({ ...config, state: "deleted" }), stored.etag);
    }
    return false;
  }

  /** Another scope's task, or another agent's, does not exist for this call. */
  async function find(call: Call, key: TaskKey): Promise<Version> {
    const version = isTaskId(key.taskId) ? await retry(parts, soon(), () => readVersion(parts, key)) : undefined;
    if (!version || version.head.agent !== call.agent.id || version.head.purging) {
      throw new TaskError({ code: "not-found", taskId: key.taskId });
    }
    return version;
  }

  async function readConfigs(key: TaskKey): Promise<PushConfig[]> {
    const rows = await retry(parts, soon(), () => log.readRange(key, FIRST_CONFIG, LAST_CONFIG));
    return rows.map(({ body }) => parseConfigRow(body)).filter(({ state }) => state !== "deleted");
  }

  /** False when events came meanwhile: the row names the last one that it need not hear of. */
  async function add(key: TaskKey, from: Version, row: LogRow): Promise<boolean> {
    const decide = (head: Head | undefined): Decision => {
      if (!head) {
        return { refused: { code: "not-found", taskId: key.taskId } };
      }
      return head.generation === from.head.generation
        ? rules.addPushConfig(head, key.taskId)
        : { refused: { code: "idle" } };
    };
    const outcome = await transact(parts, { key, from, decide, rows: [row], deadline: soon() });
    if (outcome.code === "refused" && outcome.refusal.code === "idle") {
      return false;
    }
    if (outcome.code === "refused") {
      throw new TaskError(
        "message" in outcome.refusal || outcome.refusal.code === "not-found"
          ? outcome.refusal
          : { code: "unsupported", message: `Task ${key.taskId} takes no push notification config now.` },
      );
    }
    return true;
  }

  async function toWireWithToken(config: PushConfig, taskId: string): Promise<TaskPushNotificationConfig> {
    return toWire(config, taskId, (await parts.sealer.open(config.sealed))?.token ?? "");
  }

  function soon(): number {
    return clock.monotonic() + settings.lease / 3;
  }
}

/** Credentials go in and never come out; the token is the client's own to recognise calls by. */
function toWire({ id, url, scheme }: PushConfig, taskId: string, token: string): TaskPushNotificationConfig {
  const authentication = scheme === "" ? undefined : { scheme, credentials: "" };
  return { tenant: "", id, taskId, url, token, authentication };
}

function keyOf(call: Call, taskId: string): TaskKey {
  return { scope: call.caller.scope, taskId };
}

function parsePageToken(token: string): string {
  if (token !== "" && !/^c-[0-9a-f]{32}$/.test(token)) {
    throw invalid("pageToken", "is not a token of this list; begin again without one");
  }
  return token;
}
