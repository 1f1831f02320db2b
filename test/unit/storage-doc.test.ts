import { readFileSync } from "node:fs";
import { Message, StreamResponse, Task, TaskState } from "@a2a-js/sdk";
import type { Part } from "@a2a-js/sdk";
import { describe, expect, test } from "vitest";
import type { TableClient } from "@azure/data-tables";
import { createMemoryPayloads } from "../../src/adapters/memory/payloads.ts";
import { fromMessageText, toMessageText } from "../../src/adapters/storage-queue/message-text.ts";
import { createTableInbox } from "../../src/adapters/table-storage/inbox.ts";
import { createTableTaskIndex } from "../../src/adapters/table-storage/task-index.ts";
import { toConfigRow } from "../../src/push/config-row.ts";
import type { PushConfig } from "../../src/push/config-row.ts";
import { createTableTaskLog } from "../../src/adapters/table-storage/task-log.ts";
import { storeLargeContent, partsOfTask } from "../../src/tasks/log/large-content.ts";
import { encodeHead, SCHEMA } from "../../src/tasks/log/head.ts";
import type { Head } from "../../src/tasks/log/head.ts";
import { encodeEvent, encodeSnapshot } from "../../src/tasks/log/rows.ts";
import { toKeyRow } from "../../src/tasks/calls/idempotency.ts";
import { toCheckpointRow, toStepRow } from "../../src/tasks/turn/steps.ts";

const doc = readFileSync(new URL("../../docs/storage.md", import.meta.url), "utf8");
const key = { scope: "0123456789abcdef0123456789abcdef", taskId: "t-1" };
/** Parts that are stored apart: one as a payload, one because ProtoJSON would lose it. */
const large = { text: "x".repeat(50_000) };
const nothing: Part = {
  content: { $case: "data", value: null },
  metadata: undefined,
  filename: "",
  mediaType: "",
};

describe("docs/storage.md names what is stored, neither less nor more:", () => {
  test("the schema", () => {
    expect(doc).toContain(`layout of schema ${SCHEMA};`);
  });

  test("head", () => {
    // Required: a field that is added to Head must be added here, and then to the document.
    const head: Required<Head> = {
      schema: SCHEMA,
      agent: "echo",
      major: 1,
      contextId: "c-1",
      state: TaskState.TASK_STATE_WORKING,
      statusTime: 1,
      created: 1,
      generation: 1,
      snapshot: 0,
      snapshotBytes: 0,
      tailBytes: 0,
      turn: 1,
      turnStart: 1,
      steps: 0,
      checkpoint: false,
      epoch: 1,
      nonce: "n",
      seq: 1,
      lease: { holder: "h", until: 2 },
      released: 2,
      cancel: { by: "b", deadline: 2 },
      attempts: 0,
      pushConfigs: 0,
      purging: false,
      caller: { scope: key.scope, tenant: "", subject: "", roles: [] },
    };
    expect(namesUnder("### `head`")).toEqual(namesIn(encodeHead(head)));
  });

  test("events", async () => {
    const payloads = createMemoryPayloads();
    const message = Message.fromJSON({ messageId: "m", role: "ROLE_USER", parts: [large] });
    message.parts.push(nothing);
    await storeLargeContent(payloads, key, message.parts);
    const response = StreamResponse.fromJSON({ statusUpdate: { taskId: "t-1", contextId: "c-1" } });
    const { row } = encodeEvent({ generation: 7, epoch: 1, response, message, nonce: "n" });
    expect(row.key).toBe("e-0000000007");
    expect(namesUnder("### `e-…`")).toEqual(namesIn(row.body));
  });

  test("the folded task", async () => {
    const payloads = createMemoryPayloads();
    const task = Task.fromJSON({ id: "t-1", artifacts: [{ artifactId: "a", parts: [large] }] });
    task.artifacts[0]?.parts.push(nothing);
    await storeLargeContent(payloads, key, partsOfTask(task));
    const { row } = encodeSnapshot(7, task);
    expect(row.key).toBe("s");
    expect(namesUnder("### `s`")).toEqual(namesIn(row.body));
  });

  test("rows of the log", async () => {
    const { entities, table } = recordingTable();
    await createTableTaskLog(table).create(key, "{}", []);
    expect(entities[0]).toMatchObject({ partitionKey: `${key.scope}.t-1`, rowKey: "head" });
    expect(Object.keys(entities[0] ?? {})).toEqual(["partitionKey", "rowKey", "b0"]);
  });

  test("steps and checkpoints", () => {
    const [step, checkpoint] = [toStepRow(2, "fetch", 1), toCheckpointRow(1)];
    expect(step.key).toMatch(/^k-000002-[0-9a-f]{32}$/);
    expect(doc).toContain(`: \`{ ${Object.keys(JSON.parse(step.body)).join(", ")} }\``);
    expect(checkpoint.key).toBe("k-state");
    expect(namesIn(checkpoint.body)).toEqual(["value"]);
  });

  test("open rows", async () => {
    const { entities, table } = recordingTable();
    await createTableTaskIndex(table).putOpen({ ...key, agent: "echo", turn: 2, created: 1, due: 2 });
    const [{ partitionKey, rowKey, ...columns } = {}] = entities;
    expect([partitionKey, rowKey]).toEqual(["open-f", `${key.scope}.echo.t-1.000002`]);
    expect(namesUnder("### `open-…`")).toEqual(Object.keys(columns).toSorted());
  });

  test("hints", async () => {
    const { entities, table } = recordingTable();
    await createTableInbox(table).put("i-1", key);
    expect(entities).toEqual([{ partitionKey: "inbox-i-1", rowKey: `${key.scope}.t-1` }]);
    expect(doc).toContain("`PartitionKey` = `inbox-{instance}`, `RowKey` = `{scope}.{taskId}`, no columns");
  });

  test("push configs", () => {
    const config: Required<PushConfig> = {
      id: "c",
      nonce: "n",
      url: "https://x.example",
      scheme: "Bearer",
      sealed: "",
      version: "1.0",
      cursor: 0,
      state: "active",
      failures: 0,
      nextAt: 0,
      lease: { holder: "h", until: 1 },
      log: [{ time: 1, generation: 1, outcome: "status 500" }],
    };
    const row = toConfigRow(config);
    expect(row.key).toMatch(/^c-[0-9a-f]{32}$/);
    expect(namesUnder("### `c-…`")).toEqual(namesIn(row.body));
  });

  test("keys of sends", () => {
    const row = toKeyRow("key", Message.fromJSON({ messageId: "m", role: "ROLE_USER", parts: [{ text: "hi" }] }), 1);
    expect(row.key).toMatch(/^m-[0-9a-f]{32}$/);
    expect(doc).toContain(`an accepted Idempotency-Key: \`{ ${Object.keys(JSON.parse(row.body)).join(", ")} }\``);
  });

  test("messages", () => {
    const [, table = ""] = doc.split("## Queue `work`");
    const turn = { kind: "turn", ...key, agent: "echo", turn: 1 } as const;
    const push = { kind: "push", ...key, config: "c-1" } as const;
    for (const message of [turn, push]) {
      const fields = Object.keys(JSON.parse(toMessageText(message))).map((field) => `\`${field}\``);
      expect(table).toMatch(new RegExp(`\\| \`${message.kind}\` +\\| ${fields.join(", ")} +\\|`));
      expect(fromMessageText(toMessageText(message))).toEqual(message);
    }
  });

  test("done rows", async () => {
    const { entities, table } = recordingTable();
    const projection = "{}";
    const row = { ...key, agent: "echo", contextId: "c", state: "s", statusTime: 1_000, projection };
    await createTableTaskIndex(table).putDone(row);
    const [{ partitionKey, rowKey, ...columns } = {}] = entities;
    expect([partitionKey, rowKey]).toEqual([`done-${key.scope}.echo`, "999999999998999.t-1"]);
    expect(namesUnder("### `done-…`")).toEqual(Object.keys(columns).toSorted());
  });
});

/** First cells of the table that follows a heading, sorted. */
function namesUnder(heading: string): string[] {
  const [, section = ""] = doc.split(`\n${heading}`);
  const [own = ""] = section.split(/\n#/);
  return [...own.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name ?? "").toSorted();
}

function namesIn(body: string): string[] {
  return Object.keys(JSON.parse(body)).toSorted();
}

/** Clients that keep what is written through them. */
function recordingTable() {
  const entities: Record<string, unknown>[] = [];
  const write = (entity: Record<string, unknown>) => {
    entities.push(entity);
    return Promise.resolve({ etag: "1" });
  };
  const client = { createEntity: write, upsertEntity: write } as unknown as TableClient;
  return { entities, table: { conditional: client, retrying: client } };
}
