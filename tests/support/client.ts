/** Requests as a client of NGSIv2 makes them. */

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON; undefined when it is empty. */
  json: unknown;
}

export interface RequestOptions {
  headers?: Record<string, string>;
  /** Sent as JSON, unless it is text already. */
  body?: unknown;
}

/** A client of one Machi and one tenant. */
export class Client {
  constructor(
    readonly url: string,
    readonly tenant?: string,
    readonly servicePath?: string,
  ) {}

  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const headers = new Headers(options.headers);
    if (this.tenant !== undefined && !headers.has("Fiware-Service")) headers.set("Fiware-Service", this.tenant);
    if (this.servicePath !== undefined && !headers.has("Fiware-ServicePath")) headers.set("Fiware-ServicePath", this.servicePath);
    const request: RequestInit = { method, headers, redirect: "manual" };
    if (options.body !== undefined) {
      if (!headers.has("Content-Type")) headers.set("Content-Type", "application/json");
      request.body = typeof options.body === "string" ? options.body : JSON.stringify(options.body);
    }
    const response = await fetch(this.url + path, request);
    const text = await response.text();
    const isJson = response.headers.get("Content-Type")?.includes("json") === true;
    return { status: response.status, headers: response.headers, text, json: isJson && text !== "" ? JSON.parse(text) : undefined };
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request("GET", path, { headers });
  }
  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request("POST", path, { body, headers });
  }
  put(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request("PUT", path, { body, headers });
  }
  patch(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request("PATCH", path, { body, headers });
  }
  delete(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request("DELETE", path, { headers });
  }
}

let tenants = 0;

/** A tenant that no other test uses. */
export function newTenant(): string {
  tenants += 1;
  return `t${process.pid.toString(36)}_${Date.now().toString(36)}_${tenants}`;
}
