import type { TestProject } from "vitest/node";
import { buildFunctions } from "../support/functions-bundle.ts";
import { startStorageAccounts } from "../support/storage-accounts.ts";

/** Once for all files of the suite: the function app, and storage accounts for one host each. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (process.env["FUNC"] !== "1") {
    process.stdout.write("without func start: FUNC=1 adds it where Azure Functions Core Tools are installed\n");
  }
  const [bundle, accounts] = await Promise.all([
    buildFunctions("test/conformance/fixture-gateway.config.ts"),
    startStorageAccounts(64),
  ]);
  project.provide("functionsBundle", bundle.main);
  project.provide("storageAccounts", accounts.connectionStrings);
  return async () => {
    bundle.remove();
    await accounts.close();
  };
}

declare module "vitest" {
  interface ProvidedContext {
    functionsBundle: string;
    storageAccounts: readonly string[];
  }
}
