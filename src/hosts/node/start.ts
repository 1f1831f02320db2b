import { keepCompiledCode } from "./compile-cache.ts";

/** `npm start`: the Node host for one person at a terminal, over Azurite, with nothing to set up. */
keepCompiledCode();
const { startAtTerminal } = await import("./terminal-host.ts");
await startAtTerminal();
