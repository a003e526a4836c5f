import type { JSX } from "preact";
import { type Language, languages, texts } from "./texts.ts";

interface Props {
  language: Language;
  label: string;
  choose: (language: Language) => void;
}

/** One button a language, each in its own words; the chosen one is pressed. */
export function LanguageChoice({ language, label, choose }: Props): JSX.Element {
  return (
    <div class="languages" role="group" aria-label={label}>
      {languages.map((each) => (
        <button
          key={each}
          type="button"
          class="language"
          lang={texts[each].html}
          aria-pressed={each === language}
          onClick={() => {
            choose(each);
          }}
        >
          {texts[each].languageName}
        </button>
      ))}
    </div>
  );
}
