import { setTimeout as wait } from "node:timers/promises";
import { BlobServiceClient } from "@azure/storage-blob";

/** How long an owner that has died keeps the lock, in s. */
const LEASE = 60;

/**
 * The lock of a timer function, which one instance holds, as a lease on a blob: its owner renews it, and the others ask
 * for it every `retryEvery` ms. Calls `own` once it is held here.
 */
export async function holdTimerLock(
  connectionString: string,
  name: string,
  retryEvery: number,
  signal: AbortSignal,
  own: () => void,
): Promise<void> {
  const container = BlobServiceClient.fromConnectionString(connectionString).getContainerClient("azure-webjobs-hosts");
  await container.createIfNotExists();
  const blob = container.getBlockBlobClient(`locks/${name}.listener`);
  await blob.upload("", 0, { conditions: { ifNoneMatch: "*" } }).catch(() => {});
  const lease = blob.getBlobLeaseClient();
  const pause = (ms: number): Promise<void> => wait(ms, undefined, { signal }).catch(() => {});
  const ask = (): Promise<boolean> =>
    lease.acquireLease(LEASE).then(
      () => true,
      () => false,
    );
  let isOwner = await ask();
  while (!isOwner && !signal.aborted) {
    await pause(retryEvery);
    isOwner = !signal.aborted && (await ask());
  }
  if (isOwner) own();
  while (!signal.aborted) {
    await pause((LEASE * 1_000) / 2);
    if (!signal.aborted) await lease.renewLease().catch(() => {});
  }
}
