/** The part of this module that the host uses. It is built into the Functions worker and has no package. */
declare module "@azure/functions-core" {
  export interface CoreInvocationContext {
    readonly invocationId: string;
    readonly metadata: {
      readonly name?: string | null;
      readonly bindings?: Readonly<Record<string, { readonly type?: string | null }>> | null;
    };
    log(level: string, category: "user" | "system", message: string): void;
  }

  export interface InvocationModel {
    getArguments(): Promise<{ readonly context: unknown; readonly inputs: unknown[] }>;
    invokeFunction(context: unknown, inputs: unknown[], handler: (...args: unknown[]) => unknown): Promise<unknown>;
    getResponse(context: unknown, result: unknown): Promise<{ readonly invocationId: string }>;
  }

  type Capabilities = Record<string, string>;

  export interface ProgrammingModel {
    readonly name: string;
    readonly version: string;
    getCapabilities(capabilities: Capabilities): Promise<Capabilities>;
    getInvocationModel(context: CoreInvocationContext): InvocationModel | Promise<InvocationModel>;
  }

  export function getProgrammingModel(): ProgrammingModel;
  /** The last model that is set is used. */
  export function setProgrammingModel(model: ProgrammingModel): void;
}
