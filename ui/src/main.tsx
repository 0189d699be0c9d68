import { render } from "preact";
import { App } from "./app";
import "./style.css";
import "./shell.css";
import "./list.css";
import "./compare.css";

render(<App />, document.getElementById("page")!);
