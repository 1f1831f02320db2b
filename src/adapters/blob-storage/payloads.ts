import { createHash } from "node:crypto";
import type { ContainerClient, ContainerListBlobFlatSegmentResponse } from "@azure/storage-blob";
import type { PayloadRef, Payloads } from "../../ports/payloads.ts";
import { StoreError } from "../../ports/store-error.ts";
import type { TaskKey } from "../../ports/task-log.ts";
import { attempt, QUIET, statusOf, TRIES } from "../storage-account/store-attempt.ts";

/** A caller waits for what is read: it has less time without progress than a write, in ms. */
const QUIET_READ = 4_000;

/** Payloads in a container: the blob `{scope}.{taskId}/{sha256}`. `quiet` is the longest time without progress, in ms. */
export function createBlobPayloads(container: ContainerClient, quiet = QUIET): Payloads {
  return {
    async put(task, bytes) {
      const claim = { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.byteLength };
      const blob = container.getBlockBlobClient(nameOf(task, claim));
      await attempt(
        "put payload",
        ({ abortSignal, progress }) => {
          const options = { conditions: { ifNoneMatch: "*" }, abortSignal, onProgress: progress };
          return blob.upload(bytes, bytes.byteLength, options).catch(ignoreExisting);
        },
        { quiet, tries: TRIES },
      );
      return claim;
    },
    async get(task, claim) {
      const blob = container.getBlobClient(nameOf(task, claim));
      return attempt(
        "get payload",
        async ({ abortSignal, progress }) => {
          try {
            const { readableStreamBody: body } = await blob.download(0, undefined, { abortSignal });
            return await readAll(body, claim.bytes, progress);
          } catch (error) {
            throw statusOf(error) === 404
              ? new StoreError({ code: "rejected", operation: "get payload" }, { cause: error })
              : error;
          }
        },
        { quiet: Math.min(quiet, QUIET_READ), tries: TRIES },
      );
    },
    deleteAll: (task) =>
      attempt(
        "delete payloads",
        async ({ abortSignal, progress }) => {
          const prefix = `${task.scope}.${task.taskId}/`;
          for await (const { name } of container.listBlobsFlat({ prefix, abortSignal })) {
            progress();
            await container.getBlobClient(name).deleteIfExists({ abortSignal });
            progress();
          }
        },
        { quiet, tries: TRIES },
      ),
    list: (after) =>
      attempt(
        "list payloads",
        async ({ abortSignal }) => {
          const from = after === undefined ? {} : { continuationToken: after };
          const pages = container.listBlobsFlat({ abortSignal }).byPage(from);
          const { value: page } = (await pages.next()) as { value?: ContainerListBlobFlatSegmentResponse };
          const blobs = page?.segment.blobItems ?? [];
          return {
            payloads: blobs.map(({ name, properties }) => ({
              task: fromName(name),
              stored: properties.lastModified.getTime(),
            })),
            // The service returns "" on the last page.
            next: page?.continuationToken || undefined,
          };
        },
        { quiet, tries: TRIES },
      ),
  };
}

/** @throws Error if the body has another length */
async function readAll(
  body: NodeJS.ReadableStream | undefined,
  bytes: number,
  progress: () => void,
): Promise<Uint8Array> {
  const whole = Buffer.allocUnsafe(bytes);
  let length = 0;
  for await (const chunk of body ?? []) {
    progress();
    // Copies no more than there is room for.
    (chunk as Buffer).copy(whole, length);
    length += chunk.length;
  }
  if (length !== bytes) {
    throw new Error(`the payload has ${length} bytes instead of ${bytes}`);
  }
  return whole;
}

function fromName(name: string): TaskKey {
  const [task = ""] = name.split("/");
  const [scope = "", taskId = ""] = task.split(".");
  return { scope, taskId };
}

function nameOf({ scope, taskId }: TaskKey, { sha256 }: PayloadRef): string {
  return `${scope}.${taskId}/${sha256}`;
}

/** The name is the hash of the content, so an existing blob has the same content. */
function ignoreExisting(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "BlobAlreadyExists")) {
    throw error;
  }
}
