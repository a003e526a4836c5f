import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Texts } from "./texts.ts";

/** Asks for a tenant; `show` gets it in lower case, as Machi reads it. */
export function TenantForm({ words, show }: { words: Texts; show: (tenant: string) => void }): JSX.Element {
  const [typed, setTyped] = useState("");
  return (
    <form
      class="tenant"
      onSubmit={(event) => {
        event.preventDefault();
        show(typed.trim().toLowerCase());
      }}
    >
      <label for="tenant">{words.tenant}</label>
      <p id="tenant-help" class="support">
        {words.tenantHelp}
      </p>
      <div class="row">
        <input
          id="tenant"
          type="text"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          maxLength={50}
          aria-describedby="tenant-help"
          value={typed}
          onInput={(event) => {
            setTyped(event.currentTarget.value);
          }}
        />
        <button type="submit" class="button">
          {words.show}
        </button>
      </div>
    </form>
  );
}
