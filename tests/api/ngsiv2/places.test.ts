/** The place of an entity. */
import { expect, test } from "vitest";
import { badRequest, create, expectError, expectStatus, idsOf, meta, newClient, row } from "./broker.ts";

const tooMany =
  "You cannot use more than one geo location attribute when creating an entity. Use ignoreType metadata if you want to add additional informative locations.";
const geo = (value: unknown, metadata = {}): object => ({ type: "geo:json", value, metadata });
const point = { type: "Point", coordinates: [140, 36] };
const around = "?georel=near;maxDistance:1000&geometry=point&coords=36,140";

row("geo:json", () => {
  test("an entity has one place; ignoreType marks what is none", async () => {
    const client = newClient();
    expectError(await client.post("/v2/entities", { id: "A", p: geo(point), q: geo(point) }), 413, "NoResourcesAvailable", tooMany);
    const ignored = { ignoreType: { type: "Boolean", value: true } };
    await create(client, { id: "A", type: "T", p: geo({ type: "Point", coordinates: [0, 0] }, ignored), q: geo(point) });
    expect(await idsOf(client, around)).toEqual(["A"]);
    expect(await idsOf(client, "?georel=near;maxDistance:1000&geometry=point&coords=0,0")).toEqual([]);
    expectError(await client.post("/v2/entities/A/attrs", { r: geo(point) }), 413, "NoResourcesAvailable", tooMany);
  });

  test("a Feature and a collection of one are kept whole and shown as their geometry", async () => {
    const client = newClient();
    const feature = { type: "Feature", properties: { name: "Town hall" }, geometry: point };
    await create(client, { id: "A", type: "T", p: geo(feature) });
    const features = { type: "FeatureCollection", features: [feature] };
    await create(client, { id: "B", type: "T", p: geo(features) });
    for (const id of ["A", "B"]) expect((await client.get(`/v2/entities/${id}/attrs/p`)).json).toEqual(geo(point));
    expect((await client.get("/v2/entities/A/attrs/p/value")).json).toEqual(feature);
    expect((await client.get("/v2/entities/B/attrs/p/value")).json).toEqual(features);
    expect(await idsOf(client, around)).toEqual(["A", "B"]);
  });

  test("broken and unknown geometries are refused", async () => {
    const client = newClient();
    const refused: [unknown, string][] = [
      ["36,140", "geo:json needs an object or null as value"],
      [{ type: "FeatureCollection", features: [] }, "error parsing location attribute: features in FeatureCollection has 0 items"],
      [{ type: "Feature" }, "error parsing location attribute: geometry in Feature not found"],
    ];
    for (const [value, sentence] of refused) badRequest(await client.post("/v2/entities", { id: "A", p: geo(value) }), sentence);
    const collection = { type: "GeometryCollection", geometries: [point] };
    for (const value of [collection, { type: "Point", coordinates: [1] }, { type: "Point", coordinates: [500, 500] }]) {
      expect([value, (await client.post("/v2/entities", { id: "A", p: geo(value) })).status]).toEqual([value, 400]);
    }
  });

  test("null is no place", async () => {
    const client = newClient();
    await create(client, { id: "A", type: "T", p: geo(null), q: geo(point) });
    expect(await idsOf(client, around)).toEqual(["A"]);
    expectStatus(await client.put("/v2/entities/A/attrs/q", geo(null)), 204);
    expect(await idsOf(client, around)).toEqual([]);
    expectStatus(await client.put("/v2/entities/A/attrs/p", geo(point, { note: meta("new") })), 204);
    expect(await idsOf(client, around)).toEqual(["A"]);
  });

  test("the older types are still places", async () => {
    const client = newClient();
    const values = {
      "geo:point": "36, 140",
      "geo:line": ["36,140", "36.001,140.001"],
      "geo:box": ["36,140", "36.001,140.001"],
      "geo:polygon": ["36,140", "36.001,140", "36.001,140.001", "36,140"],
    };
    for (const [type, value] of Object.entries(values)) await create(client, { id: type.replace(":", "_"), type: "T", p: { type, value } });
    expect(await idsOf(client, around)).toEqual(["geo_point", "geo_line", "geo_box", "geo_polygon"]);
  });
});
