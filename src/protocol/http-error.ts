const STATUS_NAMES: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  404: "NOT_FOUND",
  405: "UNIMPLEMENTED",
  500: "INTERNAL",
};

interface HttpErrorOptions {
  readonly details?: readonly object[];
  readonly headers?: Record<string, string>;
}

/** An error of the web server itself, outside every A2A binding, in the shape of google.rpc.Status all the same. */
export function toHttpError(
  code: number,
  message: string,
  { details = [], headers = {} }: HttpErrorOptions = {},
): Response {
  const error = { code, status: STATUS_NAMES[code] ?? "UNKNOWN", message, details };
  return Response.json({ error }, { status: code, headers });
}
