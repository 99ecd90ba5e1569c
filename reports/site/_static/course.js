// Paper is white, also under a page that is dark.
let theme;
addEventListener("beforeprint", () => {
  theme = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
});
addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = theme;
});

// A page opened from a disk may not read other pages; from a server it may, and results get an excerpt.
if (typeof DOCUMENTATION_OPTIONS === "object" && location.protocol !== "file:") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = true;
}
