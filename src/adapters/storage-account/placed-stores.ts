import type { Payloads } from "../../ports/payloads.ts";
import { StoreError } from "../../ports/store-error.ts";
import type { TaskIndex } from "../../ports/task-index.ts";
import type { TaskLog } from "../../ports/task-log.ts";
import type { Placement } from "./placement.ts";

/** How long the sweep waits for one of several accounts, in ms: the turns of the others need it too. */
const DUE_PATIENCE = 3_000;

/** The stores of a scope's tasks. */
export interface PlacedStores {
  readonly log: TaskLog;
  readonly index: TaskIndex;
  readonly payloads: Payloads;
}

/**
 * Combines several accounts: a scope's tasks are in the account where it was placed
 * (docs/architecture.md#several-storage-accounts). Operations over all scopes use all accounts; the failure of one is
 * reported to `onFailure` and does not stop the others.
 */
export function createPlacedStores(
  accounts: ReadonlyMap<string, PlacedStores>,
  placement: Placement,
  onFailure: (account: string, error: unknown) => void,
): PlacedStores {
  const names = [...accounts.keys()];
  const of = async ({ scope }: { readonly scope: string }): Promise<PlacedStores> =>
    accountNamed(await placement.accountOf(scope));

  return {
    log: {
      create: async (task, ...rest) => (await of(task)).log.create(task, ...rest),
      append: async (task, ...rest) => (await of(task)).log.append(task, ...rest),
      readHead: async (task) => (await of(task)).log.readHead(task),
      readTask: async (task) => (await of(task)).log.readTask(task),
      readRow: async (task, key) => (await of(task)).log.readRow(task, key),
      readRange: async (task, from, to) => (await of(task)).log.readRange(task, from, to),
      readVersioned: async (task, key) => (await of(task)).log.readVersioned(task, key),
      replaceRow: async (task, row, etag) => (await of(task)).log.replaceRow(task, row, etag),
      deleteRow: async (task, key, etag) => (await of(task)).log.deleteRow(task, key, etag),
      listKeys: async (task) => (await of(task)).log.listKeys(task),
      remove: async (task, etag) => (await of(task)).log.remove(task, etag),
      async listTasks(after, scope) {
        return scope === undefined
          ? walk(after, ({ log }, inner) => log.listTasks(inner))
          : (await of({ scope })).log.listTasks(after, scope);
      },
    },
    index: {
      putOpen: async (row) => (await of(row)).index.putOpen(row),
      deleteOpen: async (row, etag) => (await of(row)).index.deleteOpen(row, etag),
      claimOpen: async (row, etag, due) => (await of(row)).index.claimOpen(row, etag, due),
      listOpen: async (scope, agent) => (await of({ scope })).index.listOpen(scope, agent),
      putDone: async (row) => (await of(row)).index.putDone(row),
      deleteDone: async (row) => (await of(row)).index.deleteDone(row),
      listDone: async (scope, ...rest) => (await of({ scope })).index.listDone(scope, ...rest),
      countDone: async (scope, ...rest) => (await of({ scope })).index.countDone(scope, ...rest),
      listEnded: (before, after) =>
        walk(after, ({ index }, inner) => index.listEnded(before, inner), { rows: [], next: undefined }),
      async listDue(now, limit) {
        const found = await Promise.allSettled(
          names.map((name) => inTime(accountNamed(name).index.listDue(now, limit))),
        );
        found.forEach((result, at) => result.status === "rejected" && onFailure(names[at] ?? "", result.reason));
        if (found.every(({ status }) => status === "rejected")) {
          throw new StoreError({ code: "unknown", operation: "list due rows" });
        }
        return found
          .flatMap((result) => (result.status === "fulfilled" ? result.value : []))
          .toSorted((one, other) => one.row.due - other.row.due)
          .slice(0, limit);
      },
    },
    payloads: {
      put: async (task, bytes) => (await of(task)).payloads.put(task, bytes),
      get: async (task, claim) => (await of(task)).payloads.get(task, claim),
      deleteAll: async (task) => (await of(task)).payloads.deleteAll(task),
      list: (after) => walk(after, ({ payloads }, inner) => payloads.list(inner), { payloads: [], next: undefined }),
    },
  };

  /**
   * One account after the other. The cursor is `{account}|{its own cursor}`. An account that fails is reported and left
   * out if there is an `empty` page to stand for it.
   */
  async function walk<T extends { readonly next: string | undefined }>(
    after: string | undefined,
    visit: (stores: PlacedStores, inner: string | undefined) => Promise<T>,
    empty?: T,
  ): Promise<T> {
    const bar = after?.indexOf("|") ?? -1;
    const name = after === undefined ? (names[0] ?? "") : after.slice(0, bar);
    const inner = after === undefined || bar === after.length - 1 ? undefined : after.slice(bar + 1);
    const page = await visit(accountNamed(name), inner).catch((error: unknown) => {
      if (!empty) {
        throw error;
      }
      onFailure(name, error);
      return empty;
    });
    const following = names[names.indexOf(name) + 1];
    const next = page.next !== undefined ? `${name}|${page.next}` : following && `${following}|`;
    return { ...page, next };
  }

  function accountNamed(name: string): PlacedStores {
    const account = accounts.get(name);
    if (!account) {
      throw new StoreError(
        { code: "unknown", operation: `open account ${name}` },
        { cause: new Error(`tasks are in account ${name}, which is no longer configured`) },
      );
    }
    return account;
  }
}

async function inTime<T>(listing: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${DUE_PATIENCE / 1_000} s`)), DUE_PATIENCE);
  try {
    return await Promise.race([listing, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
