import { afterAll, beforeAll, describe } from "vitest";
import { createMemoryInbox } from "../../src/adapters/memory/inbox.ts";
import { createMemoryPayloads } from "../../src/adapters/memory/payloads.ts";
import { createMemoryTaskIndex } from "../../src/adapters/memory/task-index.ts";
import { createMemoryTaskLog } from "../../src/adapters/memory/task-log.ts";
import { openStorageAccount } from "../../src/adapters/storage-account/storage-account.ts";
import type { StorageAccount } from "../../src/adapters/storage-account/storage-account.ts";
import { startAzurite } from "../../src/hosts/node/azurite.ts";
import type { Azurite } from "../../src/hosts/node/azurite.ts";
import { describeInbox } from "./inbox-contract.ts";
import { describePayloads } from "./payloads-contract.ts";
import { describeTaskIndex } from "./task-index-contract.ts";
import { describeTaskLog } from "./task-log-contract.ts";

describe("memory", () => {
  describeTaskLog(createMemoryTaskLog);
  describeTaskIndex(createMemoryTaskIndex);
  describePayloads(createMemoryPayloads);
  describeInbox(createMemoryInbox);
});

describe("a storage account", () => {
  let azurite: Azurite;
  let stores: StorageAccount;

  beforeAll(async () => {
    azurite = await startAzurite();
    stores = await openStorageAccount(azurite);
  });
  afterAll(() => azurite.close());

  describeTaskLog(() => stores.log);
  describeTaskIndex(() => stores.index);
  describePayloads(() => stores.payloads);
  describeInbox(() => stores.inbox);
});
