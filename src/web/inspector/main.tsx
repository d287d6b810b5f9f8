/** The inspector: its one entry. */
import { render } from "preact";
import "../theme.css";
import { Shell } from "../shell.tsx";

render(
  <Shell at="/inspector">
    <h1>Inspector</h1>
  </Shell>,
  document.querySelector("#page")!,
);
