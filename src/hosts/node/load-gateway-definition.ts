import { registerHooks } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { defineGateway } from "../../agents/define-gateway.ts";
import type { GatewayDefinition } from "../../agents/define-gateway.ts";
import { ConfigError } from "../../config/config.ts";

const PACKAGE = "a2a-azure-gateway";

/**
 * Loads a gateway config module from any folder: its `import … from "a2a-azure-gateway"` resolves to this program.
 * @throws ConfigError that names the module and the problem.
 */
export async function loadGatewayDefinition(path: string): Promise<GatewayDefinition> {
  const file = resolve(path);
  const entry = new URL(import.meta.url.endsWith(".ts") ? "../../index.ts" : "./index.js", import.meta.url).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === PACKAGE ? { url: entry, shortCircuit: true } : next(specifier, context),
  });
  let module: { default?: GatewayDefinition };
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    throw new ConfigError(
      `GATEWAY_CONFIG ${file} could not be loaded: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  if (!Array.isArray(module.default?.agents)) {
    throw new ConfigError(
      `GATEWAY_CONFIG ${file} has no default export of defineGateway: add \`export default defineGateway({ agents: […] })\``,
    );
  }
  return defineGateway(module.default);
}
