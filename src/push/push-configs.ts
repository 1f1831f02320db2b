import type {
  DeleteTaskPushNotificationConfigRequest,
  GetTaskPushNotificationConfigRequest,
  ListTaskPushNotificationConfigsRequest,
  ListTaskPushNotificationConfigsResponse,
  TaskPushNotificationConfig,
} from "@a2a-js/sdk";
import { StoreError } from "../ports/store-error.ts";
import type { Etag, RowVersion, TaskKey } from "../ports/task-log.ts";
import { delay } from "../ports/clock.ts";
import type { Head } from "../tasks/log/head.ts";
import { isTaskId } from "../tasks/log/read-task.ts";
import { retry } from "../tasks/retry.ts";
import type { Decision } from "../tasks/log/rules.ts";
import type { Call } from "../tasks/task-engine.ts";
import { invalid, TaskError } from "../tasks/task-fault.ts";
import { readStoredHead, toRefusedError, transact } from "../tasks/log/transact.ts";
import type { StoredHead } from "../tasks/log/transact.ts";
import { parseConfigRow, toConfigKey, toConfigRow, checkRoom, readConfigs } from "./config-row.ts";
import type { PushConfig } from "./config-row.ts";
import { newConfig } from "./new-config.ts";
import type { PushParts } from "./push-parts.ts";
import { wake } from "./push-parts.ts";
import { callPatience } from "../tasks/log/lease.ts";

/** Interval at which a deletion checks whether the running delivery has ended, in ms. */
const DELETE_LOOK = 100;

/** The operations of specification 3.1.7 to 3.1.10. @throws TaskError */
export interface PushConfigs {
  create(call: Call, config: TaskPushNotificationConfig): Promise<TaskPushNotificationConfig>;
  get(call: Call, request: GetTaskPushNotificationConfigRequest): Promise<TaskPushNotificationConfig>;
  list(call: Call, request: ListTaskPushNotificationConfigsRequest): Promise<ListTaskPushNotificationConfigsResponse>;
  delete(call: Call, request: DeleteTaskPushNotificationConfigRequest): Promise<void>;
}

/** A task and its configs, read one after the other. */
interface Look {
  readonly version: StoredHead;
  readonly configs: readonly PushConfig[];
  readonly stored: RowVersion | undefined;
}

export function createPushConfigs(parts: PushParts): PushConfigs {
  const { clock, log, rules, settings } = parts;

  return {
    async create(call, config) {
      const key = keyOf(call, config.taskId);
      const nonce = parts.random.id();
      const id = config.id || (call.version === "0.3" ? config.taskId : parts.random.id());
      for (;;) {
        const { version, configs, stored } = await look(call, key, id);
        const before = stored && parseConfigRow(stored.body);
        const isLive = before !== undefined && before.state !== "deleted";
        const place = isLive ? before : { lease: before?.lease, cursor: version.head.generation };
        const created = await newConfig(parts, call, { ...config, id }, key, place, nonce);
        if (before?.nonce === nonce) {
          return toWire(created, key.taskId, config.token);
        }
        checkRoom(configs, id);
        if (await (stored && isLive ? replace(key, created, stored.etag) : add(key, version, created))) {
          return toWire(created, key.taskId, config.token);
        }
      }
    },
    async get(call, { taskId, id }) {
      const key = keyOf(call, taskId);
      await find(call, key);
      const configs = await retry(parts, soon(), () => readConfigs(log, key));
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
      const all = await retry(parts, soon(), () => readConfigs(log, key));
      const configs = all.filter(({ id }) => toConfigKey(id) > after);
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
      parts.logger.info("push.config-deleted", { taskId, config: id });
    },
  };

  /**
   * After this has resolved to true no POST may begin (I17). A running job stops because the state is `deleted`; the caller
   * waits for it. Resolves to whether the row is gone.
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
  async function find(call: Call, key: TaskKey): Promise<StoredHead> {
    const version = isTaskId(key.taskId) ? await retry(parts, soon(), () => readStoredHead(parts, key)) : undefined;
    if (!version || version.head.agent !== call.agent.id || version.head.purging) {
      throw new TaskError({ code: "not-found", taskId: key.taskId });
    }
    return version;
  }

  async function look(call: Call, key: TaskKey, id: string): Promise<Look> {
    const version = await find(call, key);
    const configs = await retry(parts, soon(), () => readConfigs(log, key));
    const stored = await retry(parts, soon(), () => log.readVersioned(key, toConfigKey(id)));
    return { version, configs, stored };
  }

  /** False if another writer changed the row first. The config continues from its cursor, so that no event is skipped. */
  async function replace(key: TaskKey, config: PushConfig, etag: Etag): Promise<boolean> {
    try {
      await log.replaceRow(key, toConfigRow(config), etag);
    } catch (error) {
      if (error instanceof StoreError && error.fault.code !== "rejected") {
        return false;
      }
      throw error;
    }
    const now = await retry(parts, soon(), () => readStoredHead(parts, key));
    if (now && config.cursor < now.head.generation) {
      await retry(parts, soon(), () => wake(parts, key, now.head, toConfigKey(config.id)));
    }
    return true;
  }

  /** False if events or configs were added meanwhile: the row's cursor must be the current generation. */
  async function add(key: TaskKey, from: StoredHead, config: PushConfig): Promise<boolean> {
    const decide = (head: Head | undefined): Decision => {
      if (!head) {
        return { refused: { code: "not-found", taskId: key.taskId } };
      }
      const isAsSeen = head.generation === from.head.generation && head.pushConfigs === from.head.pushConfigs;
      return isAsSeen ? rules.addPushConfig(head, key.taskId) : { refused: { code: "idle" } };
    };
    const outcome = await transact(parts, { key, from, decide, rows: [toConfigRow(config)], deadline: soon() });
    if (outcome.code === "refused" && outcome.refusal.code === "idle") {
      return false;
    }
    if (outcome.code === "refused") {
      throw toRefusedError(outcome.refusal, key.taskId);
    }
    return true;
  }

  async function toWireWithToken(config: PushConfig, taskId: string): Promise<TaskPushNotificationConfig> {
    return toWire(config, taskId, (await parts.sealer.open(config.sealed))?.token ?? "");
  }

  function soon(): number {
    return clock.monotonic() + callPatience(settings.lease);
  }
}

/** Credentials are never returned; the token is, because the client recognises calls by it. */
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
