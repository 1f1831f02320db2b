import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * Keeps what Node.js compiles of the modules that are loaded from now on, and their source without types, for the next
 * start. Beside the data of `npm start`: the folder for temporary files, which Node.js would take, may be one where
 * others can write, and what is kept there is run. Where it cannot be written, it changes nothing.
 */
export function keepCompiledCode(): void {
  enableCompileCache(fileURLToPath(new URL("../../../.data/compile-cache/", import.meta.url)));
}
