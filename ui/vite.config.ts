import { defineConfig } from "vite";

// One script and one style sheet under fixed names: the result is checked in, and a rebuild must give the same bytes.
export default defineConfig({
  base: "./",
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    target: "es2022",
    outDir: process.env.PAGE_OUT ?? "../addons/page/static",
    emptyOutDir: true,
    modulePreload: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      output: {
        entryFileNames: "assets/page.js",
        assetFileNames: "assets/page[extname]",
        inlineDynamicImports: true,
      },
    },
  },
  server: { proxy: { "/api": process.env.PAGE_API ?? "http://127.0.0.1:8318" } },
});
