import type { JSX } from "preact";
import type { EntityTypes } from "./api.ts";
import type { Texts } from "./texts.ts";

interface Props {
  tenant: string;
  entityTypes: EntityTypes;
  words: Texts;
}

/** The types of a tenant with their counts. Names link to the data where a plain link can: in the default tenant. */
export function TypesTable({ tenant, entityTypes, words }: Props): JSX.Element {
  const { types, total } = entityTypes;
  if (types.length === 0) {
    return (
      <div class="empty">
        <p>{words.empty}</p>
        <p>{words.emptyNext}</p>
      </div>
    );
  }
  const number = new Intl.NumberFormat(words.html);
  const entities = types.reduce((sum, each) => sum + each.count, 0);
  return (
    <>
      {total > types.length && <p>{words.more(types.length, total)}</p>}
      {tenant === "" && <p class="support">{words.openNote}</p>}
      <div class="scroll" role="region" aria-label={words.caption(tenant)} tabIndex={0}>
        <table>
          <caption>{words.caption(tenant)}</caption>
          <thead>
            <tr>
              <th scope="col">{words.type}</th>
              <th scope="col" class="number">
                {words.entities}
              </th>
              <th scope="col" class="number">
                {words.attributes}
              </th>
            </tr>
          </thead>
          <tbody>
            {types.map((each) => (
              <tr key={each.type}>
                <th scope="row">
                  {tenant === "" ? <a href={`/v2/entities?type=${encodeURIComponent(each.type)}&options=keyValues`}>{each.type}</a> : each.type}
                </th>
                <td class="number">{number.format(each.count)}</td>
                <td class="number">{number.format(each.attributes.length)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{words.total}</th>
              <td class="number">{number.format(entities)}</td>
              <td />
            </tr>
          </tfoot>
        </table>
      </div>
    </>
  );
}
