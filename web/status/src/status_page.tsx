import { useCallback, useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { ApiError, type EntityTypes, type Version, readTypes, readVersion } from "./api.ts";
import { duration } from "./duration.ts";
import { LanguageChoice } from "./language_choice.tsx";
import { useLanguage } from "./language.ts";
import { TenantForm } from "./tenant_form.tsx";
import type { Texts } from "./texts.ts";
import { TypesTable } from "./types_table.tsx";

interface Loaded {
  version?: Version;
  types?: EntityTypes;
  failure?: ApiError;
  at: Date;
}

async function load(tenant: string): Promise<Loaded> {
  const at = new Date();
  try {
    const [version, types] = await Promise.all([readVersion(), readTypes(tenant)]);
    return { version, types, at };
  } catch (error) {
    return { failure: error instanceof ApiError ? error : new ApiError(undefined), at };
  }
}

export function StatusPage(): JSX.Element {
  const { language, words, choose } = useLanguage();
  const [tenant, setTenant] = useState("");
  const [loaded, setLoaded] = useState<Loaded>();
  const refresh = useCallback(() => {
    let current = true;
    void load(tenant).then((result) => {
      if (current) setLoaded(result);
    });
    return () => {
      current = false;
    };
  }, [tenant]);
  useEffect(refresh, [refresh]);

  return (
    <>
      <a class="skip" href="#main">
        {words.skip}
      </a>
      <header class="header">
        <p class="brand">Machi</p>
        <LanguageChoice language={language} label={words.languageLabel} choose={choose} />
      </header>
      <main id="main" tabIndex={-1}>
        <h1>{words.title}</h1>
        <p>{words.lead}</p>
        <State loaded={loaded} words={words} refresh={refresh} />
        <section aria-labelledby="data">
          <h2 id="data">{words.data}</h2>
          <TenantForm words={words} show={setTenant} />
          {loaded?.types && <TypesTable tenant={tenant} entityTypes={loaded.types} words={words} />}
        </section>
      </main>
      <footer class="footer">
        <p>Machi · Apache-2.0</p>
      </footer>
    </>
  );
}

function State(props: { loaded: Loaded | undefined; words: Texts; refresh: () => void }): JSX.Element {
  const { loaded, words, refresh } = props;
  const time = loaded?.at.toLocaleTimeString(words.html, { hour: "numeric", minute: "2-digit", second: "2-digit" });
  return (
    <section aria-labelledby="state">
      <h2 id="state">{words.state}</h2>
      <div role="status">
        {!loaded && <p>{words.reading}</p>}
        {loaded?.version && <p class="mark running">{words.running}</p>}
        {loaded?.failure && <Failure failure={loaded.failure} words={words} />}
        {time && <p class="support">{words.updated(time)}</p>}
      </div>
      {loaded?.version && (
        <dl class="facts">
          <dt>{words.version}</dt>
          <dd>{loaded.version.version}</dd>
          {loaded.version.uptime !== undefined && (
            <>
              <dt>{words.uptime}</dt>
              <dd>{duration(loaded.version.uptime, words.units)}</dd>
            </>
          )}
        </dl>
      )}
      <button type="button" class="button outline" onClick={refresh}>
        {words.reload}
      </button>
    </section>
  );
}

function Failure({ failure, words }: { failure: ApiError; words: Texts }): JSX.Element {
  return (
    <div class="failure">
      <p class="mark failed">{failure.status === undefined ? words.noAnswer : words.failure}</p>
      {failure.status !== undefined && <p>{words.failureCode(failure.status)}</p>}
      <p>{words.failureNext}</p>
    </div>
  );
}
