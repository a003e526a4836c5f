import { defineConfig } from "vite";

// The page is served by Machi under a strict content security policy: no inline code, no data: URLs, no source outside.
export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: { target: "es2020", assetsInlineLimit: 0, modulePreload: { polyfill: false }, cssMinify: "esbuild" },
  server: { proxy: { "/v2": "http://127.0.0.1:1026", "/version": "http://127.0.0.1:1026" } },
});
