import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMemoryPayloads } from "../../src/adapters/memory/payloads.ts";
import { createMemoryTaskIndex } from "../../src/adapters/memory/task-index.ts";
import { createMemoryTaskLog } from "../../src/adapters/memory/task-log.ts";
import { createPlacedStores } from "../../src/adapters/storage-account/placed-stores.ts";
import { chooseByRendezvous } from "../../src/adapters/storage-account/rendezvous.ts";
import { openStorageAccount, openStorageAccounts } from "../../src/adapters/storage-account/storage-account.ts";
import type { NamedLocation, StorageAccount } from "../../src/adapters/storage-account/storage-account.ts";
import { startAzurite } from "../../src/hosts/node/azurite.ts";
import type { Azurite } from "../../src/hosts/node/azurite.ts";
import { freshScope } from "./fresh.ts";
import { describePayloads } from "./payloads-contract.ts";
import { describeTaskIndex } from "./task-index-contract.ts";
import { describeTaskLog } from "./task-log-contract.ts";

describe("two storage accounts", () => {
  const azurites: Azurite[] = [];
  let stores: StorageAccount;
  beforeAll(async () => {
    azurites.push(...(await Promise.all([startAzurite(), startAzurite(), startAzurite()])));
    stores = await open("a", "b");
  });
  afterAll(() => Promise.all(azurites.map((azurite) => azurite.close())));

  describeTaskLog(() => stores.log);
  describeTaskIndex(() => stores.index);
  describePayloads(() => stores.payloads);

  test("share the scopes, each of which is whole in one of them", async () => {
    const scopes = Array.from({ length: 24 }, () => freshScope());
    await Promise.all(scopes.map((scope) => stores.log.create({ scope, taskId: "t" }, "head", [])));
    const alone = await Promise.all(
      azurites.slice(0, 2).map(async (azurite) => {
        const { log } = await openStorageAccount(azurite);
        const found = await Promise.all(scopes.map((scope) => log.readHead({ scope, taskId: "t" })));
        return found.map((head) => head !== undefined);
      }),
    );
    expect(scopes.map((_, at) => alone.filter((found) => found[at]).length)).toEqual(scopes.map(() => 1));
    expect(new Set(alone.map((found) => found.includes(true)))).toEqual(new Set([true]));
  });

  test("move no scope when a third is added, and give it new scopes", async () => {
    const scopes = Array.from({ length: 24 }, () => freshScope());
    await Promise.all(scopes.map((scope) => stores.log.create({ scope, taskId: "t" }, "head", [])));
    const grown = await open("a", "b", "c");
    const found = await Promise.all(scopes.map((scope) => grown.log.readHead({ scope, taskId: "t" })));
    expect(found.every((head) => head !== undefined)).toBe(true);

    const later = Array.from({ length: 24 }, () => freshScope());
    await Promise.all(later.map((scope) => grown.log.create({ scope, taskId: "t" }, "head", [])));
    const third = await openStorageAccount(azurites[2] as Azurite);
    const inThird = await Promise.all(later.map((scope) => third.log.readHead({ scope, taskId: "t" })));
    expect(inThird.some((head) => head !== undefined)).toBe(true);
  });

  test("are agreed on by two instances that place a scope at once, whatever each of them would choose", async () => {
    const [one, other] = [await open("a", "b"), await open("a", "c", "b")];
    for (let round = 0; round < 8; round += 1) {
      const key = { scope: freshScope(), taskId: "t" };
      const created = await Promise.allSettled([one, other].map(({ log }) => log.create(key, "head", [])));
      expect(created.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    }
  });

  function open(...names: string[]): Promise<StorageAccount> {
    const locations = names.map((name): NamedLocation => {
      const at = name.charCodeAt(0) - 97;
      return { name, location: { connectionString: azurites[at]?.connectionString ?? "" } };
    });
    return openStorageAccounts(locations, () => {});
  }
});

test("an account that is down is reported and does not stop the sweep of the others", async () => {
  const failures: string[] = [];
  const up = { log: createMemoryTaskLog(), index: createMemoryTaskIndex(), payloads: createMemoryPayloads() };
  const down = { ...up, index: { ...up.index, listDue: () => Promise.reject(new Error("down")) } };
  const row = { scope: freshScope(), taskId: "t", agent: "echo", turn: 1, created: 1, due: 1 };
  const stores = createPlacedStores(
    new Map([
      ["up", up],
      ["down", down],
    ]),
    { accountOf: async () => "up" },
    (account) => failures.push(account),
  );
  await stores.index.putOpen(row);

  expect((await stores.index.listDue(2, 10)).map((found) => found.row)).toEqual([row]);
  expect(failures).toEqual(["down"]);
});

test("an account that is no longer configured is reported by name", async () => {
  const stores = createPlacedStores(new Map(), { accountOf: async () => "gone" }, () => {});
  await expect(stores.log.readHead({ scope: "s", taskId: "t" })).rejects.toThrow("open account gone");
});

test("a key moves only to a name that is added", () => {
  const keys = Array.from({ length: 400 }, () => randomBytes(16).toString("hex"));
  const before = keys.map((key) => chooseByRendezvous(key, ["a", "b", "c"]));
  const after = keys.map((key) => chooseByRendezvous(key, ["d", "c", "b", "a"]));
  const moved = after.filter((name, at) => name !== before[at]);

  expect(new Set(moved)).toEqual(new Set(["d"]));
  expect(moved.length).toBeGreaterThan(50);
  expect(moved.length).toBeLessThan(150);
});
