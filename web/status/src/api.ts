/** What the page reads of Machi's API; answers of another form count as failures. */

export interface Version {
  version: string;
  /** Seconds since the start; absent if the answer does not tell it in its usual form. */
  uptime?: number;
}

export interface EntityType {
  type: string;
  count: number;
  attributes: string[];
}

export interface EntityTypes {
  types: EntityType[];
  total: number;
}

/** Why nothing can be shown: no answer at all, or an answer with this HTTP status. */
export class ApiError extends Error {
  constructor(readonly status: number | undefined) {
    super(status === undefined ? "no answer" : `HTTP ${status}`);
  }
}

const pageSize = 100;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function get(path: string, headers: Record<string, string> = {}): Promise<{ body: unknown; headers: Headers }> {
  let response: Response;
  try {
    response = await fetch(path, { headers, cache: "no-store" });
  } catch {
    throw new ApiError(undefined);
  }
  if (!response.ok) throw new ApiError(response.status);
  try {
    return { body: await response.json(), headers: response.headers };
  } catch {
    throw new ApiError(response.status);
  }
}

/** Seconds of "1 d, 2 h, 3 m, 4 s", as GET /version writes it. */
function seconds(uptime: unknown): number | undefined {
  const parts = typeof uptime === "string" ? /^(\d+) d, (\d+) h, (\d+) m, (\d+) s$/.exec(uptime) : null;
  if (!parts) return undefined;
  const [days = 0, hours = 0, minutes = 0, rest = 0] = parts.slice(1).map(Number);
  return ((days * 24 + hours) * 60 + minutes) * 60 + rest;
}

/** GET /version: one object named after the product. */
export async function readVersion(): Promise<Version> {
  const { body } = await get("/version");
  const product = isRecord(body) ? Object.values(body).find(isRecord) : undefined;
  if (typeof product?.["version"] !== "string") throw new ApiError(200);
  const uptime = seconds(product["uptime"]);
  return { version: product["version"], ...(uptime !== undefined && { uptime }) };
}

function entityType(value: unknown): EntityType {
  if (!isRecord(value) || typeof value["type"] !== "string" || typeof value["count"] !== "number") throw new ApiError(200);
  const attributes = isRecord(value["attrs"]) ? Object.keys(value["attrs"]) : [];
  return { type: value["type"], count: value["count"], attributes };
}

/** GET /v2/types of one tenant (empty: the default one): the first hundred types and how many there are. */
export async function readTypes(tenant: string): Promise<EntityTypes> {
  const headers: Record<string, string> = tenant === "" ? {} : { "Fiware-Service": tenant };
  const answer = await get(`/v2/types?options=count,noAttrDetail&limit=${pageSize}`, headers);
  if (!Array.isArray(answer.body)) throw new ApiError(200);
  const types = answer.body.map(entityType);
  const total = Number(answer.headers.get("Fiware-Total-Count") ?? types.length);
  return { types, total: Number.isFinite(total) ? total : types.length };
}
