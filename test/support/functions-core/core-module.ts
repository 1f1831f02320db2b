import { Module } from "node:module";
import type { CoreInvocationContext, InvocationModel, ProgrammingModel } from "@azure/functions-core";

type Handler = (...args: unknown[]) => unknown;
type Hook = (context: Record<string, unknown>) => unknown;

interface FunctionMetadata {
  readonly name: string;
  readonly bindings: Readonly<Record<string, FunctionBinding>>;
}

/** As a function was registered: `type`, and what its type of trigger adds. */
export type FunctionBinding = Readonly<Record<string, unknown>> & { readonly type: string };

/** What the host sends for one call of a function. */
export interface InvocationRequest {
  readonly id: string;
  readonly functionName: string;
  /** TypedData of the trigger. */
  readonly data: object;
  /** TypedData each. */
  readonly triggerMetadata: Readonly<Record<string, object>>;
}

/** The worker's side of `@azure/functions-core`, as the worker 3.9.1 gives it to `require`. */
export interface CoreModule {
  readonly functions: ReadonlyMap<string, FunctionMetadata>;
  runHooks(name: string): Promise<void>;
  /** Ends the app's start. Resolves to the capabilities that the host is told. */
  start(): Promise<Record<string, string>>;
  /** One call, as the worker's InvocationHandler goes about it. Rejects as the invocation fails. */
  invoke(request: InvocationRequest): Promise<void>;
}

export function installCoreModule(): CoreModule {
  const functions = new Map<string, FunctionMetadata>();
  const handlers = new Map<string, Handler>();
  const hooks = new Map<string, Hook[]>();
  let model: ProgrammingModel | undefined;
  let isStarted = false;

  const core = {
    version: "3.9.1",
    hostVersion: "4.1037.0",
    registerFunction(metadata: FunctionMetadata, handler: Handler) {
      if (isStarted) throw new Error("A function can only be registered during app startup.");
      functions.set(metadata.name, metadata);
      handlers.set(metadata.name, handler);
    },
    registerHook(name: string, hook: Hook) {
      hooks.set(name, [...(hooks.get(name) ?? []), hook]);
    },
    setProgrammingModel(given: ProgrammingModel) {
      model = given;
    },
    getProgrammingModel: () => model,
    log: say,
  };
  const { prototype } = Module as unknown as { prototype: { require: (id: string) => unknown } };
  const load = prototype.require;
  prototype.require = function (id) {
    return id === "@azure/functions-core" ? core : load.call(this, id);
  };

  return {
    functions,
    runHooks,
    async start() {
      await runHooks("appStart");
      isStarted = true;
      return (await model?.getCapabilities({})) ?? {};
    },
    async invoke({ id, functionName, data, triggerMetadata }) {
      const metadata = functions.get(functionName);
      const handler = handlers.get(functionName);
      if (!metadata || !handler || !model) throw new Error(`there is no function ${functionName}`);
      const trigger = Object.keys(metadata.bindings)[0] ?? "";
      const request = { invocationId: id, triggerMetadata, inputData: [{ name: trigger, data }] };
      const context = { invocationId: id, metadata, request, log: say } as CoreInvocationContext;
      const invocation: InvocationModel = await model.getInvocationModel(context);
      const given = await invocation.getArguments();
      await runHooks("preInvocation", { ...given, invocationContext: given.context, functionCallback: handler });
      const result = await invocation.invokeFunction(given.context, given.inputs, handler);
      await runHooks("postInvocation", { ...given, invocationContext: given.context, result });
      await invocation.getResponse(given.context, result);
    },
  };

  function say(level: string, _category: string, message: string): void {
    if (level !== "debug") console.log(`core ${level}: ${message}`);
  }

  async function runHooks(name: string, context: Record<string, unknown> = {}): Promise<void> {
    for (const hook of hooks.get(name) ?? []) await hook({ hookData: {}, appHookData: {}, ...context });
  }
}
