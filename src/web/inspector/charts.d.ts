/** The statecharts, placed by the build. */
declare module "virtual:charts" {
  const book: import("./lettering.ts").ChartBook;
  export default book;
}
