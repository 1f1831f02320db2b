import { odata } from "@azure/data-tables";
import type { TableEntityResult, TableEntityResultPage, TransactionAction } from "@azure/data-tables";
import { StoreError } from "../../ports/store-error.ts";
import type { Etag, LogRow, LogWrite, TaskKey, TaskLog } from "../../ports/task-log.ts";
import { checkLimits } from "../log-limits.ts";
import { attempt, statusOf } from "../storage-account/store-attempt.ts";
import { fromBinaryColumns, toBinaryColumns } from "./binary-columns.ts";
import type { Table } from "./table.ts";

type Entity = TableEntityResult<Record<string, unknown>>;

/** A task log in a table: a task is the partition `{scope}.{taskId}`, a row's body its Binary columns. */
export function createTableTaskLog({ conditional, retrying }: Table): TaskLog {
  return {
    async create(task, head, writes) {
      checkLimits("create", head, writes);
      const entity = toEntity(task, { key: "head", body: head });
      return commit("create", () =>
        writes.length === 0
          ? conditional.createEntity(entity)
          : submit([["create", entity], ...toActions(task, writes)]),
      );
    },
    async append(task, head, writes, etag) {
      checkLimits("append", head, writes);
      const entity = toEntity(task, { key: "head", body: head });
      return commit("append", () =>
        writes.length === 0
          ? conditional.updateEntity(entity, "Replace", { etag })
          : submit([["update", entity, "Replace", { etag }], ...toActions(task, writes)]),
      );
    },
    async readHead(task) {
      const entity = await read(task, "head");
      return entity && { body: fromBinaryColumns(entity), etag: entity.etag };
    },
    async readTask(task) {
      // The range keeps the service from walking the events, which an `or` alone does not.
      const entities = await list(
        odata`PartitionKey eq ${nameOf(task)} and RowKey ge 'head' and RowKey le 's' and (RowKey eq 'head' or RowKey eq 's')`,
      );
      const head = entities.find(({ rowKey }) => rowKey === "head");
      const snapshot = entities.find(({ rowKey }) => rowKey === "s");
      return (
        head && {
          head: { body: fromBinaryColumns(head), etag: head.etag },
          snapshot: snapshot && fromBinaryColumns(snapshot),
        }
      );
    },
    async readRow(task, key) {
      const entity = await read(task, key);
      return entity && fromBinaryColumns(entity);
    },
    async readRange(task, from, to) {
      const entities = await list(odata`PartitionKey eq ${nameOf(task)} and RowKey ge ${from} and RowKey le ${to}`);
      return entities.map((entity) => ({ key: entity.rowKey ?? "", body: fromBinaryColumns(entity) }));
    },
    async readVersioned(task, key) {
      const entity = await read(task, key);
      return entity && { body: fromBinaryColumns(entity), etag: entity.etag };
    },
    replaceRow: (task, row, etag) =>
      commit("replace row", () => conditional.updateEntity(toEntity(task, row), "Replace", { etag })),
    async deleteRow(task, key, etag) {
      await attempt("delete row", () => conditional.deleteEntity(nameOf(task), key, { etag }));
    },
    async listKeys(task) {
      const query = odata`PartitionKey eq ${nameOf(task)} and RowKey ne 'head'`;
      const entities = await list(query, ["rowKey"]);
      return entities.map(({ rowKey }) => rowKey ?? "");
    },
    async remove(task, etag) {
      await attempt("remove", () => conditional.deleteEntity(nameOf(task), "head", { etag }));
    },
    listTasks: (after, scope) =>
      attempt("list tasks", async () => {
        // "~" sorts after everything that ids are made of.
        const inScope =
          scope === undefined ? "" : odata` and PartitionKey gt ${`${scope}.`} and PartitionKey lt ${`${scope}.~`}`;
        const queryOptions = { filter: `RowKey eq 'head'${inScope}`, select: ["partitionKey"] };
        const pages = retrying
          .listEntities({ queryOptions })
          .byPage({ ...(after !== undefined && { continuationToken: after }) });
        const { value: page } = (await pages.next()) as { value?: TableEntityResultPage<Record<string, unknown>> };
        const tasks = page?.map(({ partitionKey = "" }) => fromName(partitionKey)) ?? [];
        return { tasks, next: page?.continuationToken };
      }),
  };

  /** The head comes first, so the first answer carries its new etag. */
  async function submit(actions: TransactionAction[]): Promise<{ etag?: string }> {
    const { subResponses } = await conditional.submitTransaction(actions);
    return subResponses[0] ?? {};
  }

  function read(task: TaskKey, rowKey: string): Promise<Entity | undefined> {
    return attempt("read row", async () => {
      try {
        return await retrying.getEntity(nameOf(task), rowKey);
      } catch (error) {
        if (statusOf(error) === 404) {
          return undefined;
        }
        throw error;
      }
    });
  }

  function list(filter: string, select?: string[]): Promise<Entity[]> {
    return attempt("read rows", async ({ progress }) => {
      const entities: Entity[] = [];
      const queryOptions = { filter, ...(select && { select }) };
      for await (const page of retrying.listEntities({ queryOptions }).byPage()) {
        progress();
        entities.push(...page);
      }
      return entities;
    });
  }
}

async function commit(operation: string, send: () => Promise<{ etag?: string }>): Promise<Etag> {
  const { etag } = await attempt(operation, send);
  if (etag === undefined) {
    throw new StoreError({ code: "unknown", operation });
  }
  return etag;
}

function toActions(task: TaskKey, writes: readonly LogWrite[]): TransactionAction[] {
  return writes.map((write): TransactionAction => {
    switch (write.op) {
      case "insert":
        return ["create", toEntity(task, write.row)];
      case "put":
        return ["upsert", toEntity(task, write.row), "Replace"];
      case "delete":
        return ["delete", { partitionKey: nameOf(task), rowKey: write.key }];
    }
  });
}

function toEntity(task: TaskKey, { key, body }: LogRow): { partitionKey: string; rowKey: string } {
  return { partitionKey: nameOf(task), rowKey: key, ...toBinaryColumns(body) };
}

function nameOf({ scope, taskId }: TaskKey): string {
  return `${scope}.${taskId}`;
}

function fromName(name: string): TaskKey {
  const [scope = "", taskId = ""] = name.split(".");
  return { scope, taskId };
}
