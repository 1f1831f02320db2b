import { BlobServiceClient } from "@azure/storage-blob";
import { inject } from "vitest";
import { startFunctionsHost } from "../support/functions-core/functions-host.ts";
import { MAX_STREAMS } from "./limits.ts";
import type { ConformanceTarget } from "./target.ts";

/** Starts the built function app behind the stand-in for the Functions host, with a storage account of its own. */
export async function startFunctionsTarget(): Promise<ConformanceTarget> {
  const host = await startFunctionsHost(inject("functionsBundle"), {
    AzureWebJobsStorage: await takeAccount(),
    AUTH_MODE: "none",
    LOG_LEVEL: "warn",
    WEBHOOK_ALLOWED_HOSTS: "127.0.0.1",
    MAX_STREAMS: String(MAX_STREAMS),
  });
  return { url: host.url, close: () => host.kill() };
}

/** Test files run at once: whoever creates the container first has the account. */
export async function takeAccount(): Promise<string> {
  for (const connectionString of inject("storageAccounts")) {
    const claim = BlobServiceClient.fromConnectionString(connectionString).getContainerClient("taken");
    if ((await claim.createIfNotExists()).succeeded) return connectionString;
  }
  throw new Error("every storage account is taken");
}
