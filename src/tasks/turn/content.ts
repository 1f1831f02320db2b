import type { Part } from "@a2a-js/sdk";
import type { Content, PlainPart } from "../../ports/agent.ts";
import { toWellFormedJson, toWellFormedText } from "./well-formed.ts";

/**
 * Converts an agent's content to parts. The objects are always new: the log records per part object where its content
 * is stored, for one task only.
 * @throws TypeError when a part has no content or more than one.
 */
export function toParts(content: Content): Part[] {
  const list = typeof content === "string" ? [content] : content;
  return list.map((part, at) => {
    if (typeof part === "string") {
      return {
        content: { $case: "text", value: toWellFormedText(part) },
        metadata: undefined,
        filename: "",
        mediaType: "",
      };
    }
    return {
      content: copyOf("content" in part && part.content ? part.content : toContent(part as PlainPart, at)),
      metadata: part.metadata && toWellFormedJson(part.metadata),
      filename: toWellFormedText(part.filename ?? ""),
      mediaType: toWellFormedText(part.mediaType ?? ""),
    };
  });
}

function toContent(part: PlainPart, at: number): NonNullable<Part["content"]> {
  const given = (["text", "raw", "url", "data"] as const).filter((kind) => part[kind] !== undefined);
  if (given.length !== 1) {
    throw new TypeError(
      `part ${at}: give exactly one of text, raw, url, data, not ${given.length === 0 ? "none" : given.join(" and ")}`,
    );
  }
  if (part.text !== undefined) {
    return { $case: "text", value: part.text };
  }
  if (part.url !== undefined) {
    return { $case: "url", value: part.url };
  }
  if (part.raw !== undefined) {
    return { $case: "raw", value: part.raw as Buffer };
  }
  return { $case: "data", value: part.data };
}

/** A copy, because an agent may change its buffer or object before the event is in the log. */
function copyOf(content: NonNullable<Part["content"]>): NonNullable<Part["content"]> {
  switch (content.$case) {
    case "raw":
      return { $case: "raw", value: Buffer.from(content.value) };
    case "data":
      return { $case: "data", value: toWellFormedJson(content.value) };
    default:
      return { $case: content.$case, value: toWellFormedText(content.value) };
  }
}
