import { useEffect, useState } from "preact/hooks";
import { type Language, type Texts, languages, texts } from "./texts.ts";

const key = "machi.language";

function isLanguage(value: string | null): value is Language {
  return languages.some((language) => language === value);
}

/** The choice of an earlier visit, else Japanese. Storage may be closed to the page. */
function remembered(): Language {
  try {
    const stored = localStorage.getItem(key);
    return isLanguage(stored) ? stored : "ja";
  } catch {
    return "ja";
  }
}

/** The language of the page, its words, and how to change it; keeps <html lang> and the title in step. */
export function useLanguage(): { language: Language; words: Texts; choose: (language: Language) => void } {
  const [language, setLanguage] = useState<Language>(remembered);
  const words = texts[language];
  useEffect(() => {
    document.documentElement.lang = words.html;
    document.title = `${words.title} | Machi`;
  }, [words]);
  const choose = (chosen: Language): void => {
    setLanguage(chosen);
    try {
      localStorage.setItem(key, chosen);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  };
  return { language, words, choose };
}
