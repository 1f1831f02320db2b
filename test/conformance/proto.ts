/** What a2a.proto says about a message that its JSON Schema leaves out. Field names are the camelCase ones of JSON. */
export interface ProtoMessage {
  readonly required: readonly RequiredField[];
  /** Groups of fields of which one is set. */
  readonly oneofs: readonly (readonly string[])[];
}

interface RequiredField {
  readonly name: string;
  readonly type: string;
  readonly isRepeated: boolean;
}

/** Reads the messages of a proto3 file that nests no messages, by name. */
export function parseProto(text: string): Map<string, ProtoMessage> {
  const bare = text.replaceAll(/\/\/.*$/gm, "");
  const messages = [...bare.matchAll(/^message (\w+) \{(.*?)^\}/gms)];
  return new Map(messages.map(([, name = "", body = ""]) => [name, parseMessage(body)]));
}

function parseMessage(body: string): ProtoMessage {
  const fields = [...body.matchAll(/(repeated |optional )?([\w.]+|map<[^>]+>) (\w+) = \d+\s*([^;]*);/g)];
  const oneofs = [...body.matchAll(/oneof \w+ \{([^}]*)\}/g)];
  return {
    required: fields
      .filter(([, , , , options = ""]) => options.includes("(google.api.field_behavior) = REQUIRED"))
      .map(([, label, type = "", name = ""]) => ({ name: toCamel(name), type, isRepeated: label === "repeated " })),
    oneofs: oneofs.map(([, group = ""]) => [...group.matchAll(/(\w+) = \d+/g)].map(([, name = ""]) => toCamel(name))),
  };
}

function toCamel(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
