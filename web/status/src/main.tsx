import "@digital-go-jp/design-tokens/dist/tokens.css";
import "./status.css";
import { render } from "preact";
import { StatusPage } from "./status_page.tsx";

const page = document.getElementById("page");
if (page) render(<StatusPage />, page);
