import { render } from "preact";
import { App } from "./app";
import { showUnseen } from "./unseen";
import "./style.css";
import "./shell.css";
import "./list.css";
import "./compare.css";

showUnseen();
render(<App />, document.getElementById("page")!);
