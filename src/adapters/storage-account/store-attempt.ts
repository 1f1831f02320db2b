import { StoreError } from "../../ports/store-error.ts";
import type { StoreFault } from "../../ports/store-error.ts";

/** Runs one request to a storage account. @throws StoreError that says what the failure means */
export async function attempt<T>(operation: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw error instanceof StoreError
      ? error
      : new StoreError({ code: toCode(statusOf(error)), operation }, { cause: error });
  }
}

/** The HTTP status of a failed request; undefined without a response. */
export function statusOf(error: unknown): number | undefined {
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
  return typeof status === "number" ? status : undefined;
}

function toCode(status: number | undefined): StoreFault["code"] {
  switch (status) {
    // 404: the row to be changed or deleted does not exist.
    case 404:
    case 409:
    case 412:
      return "conflict";
    case 400:
    case 413:
      return "rejected";
    default:
      return "unknown";
  }
}
