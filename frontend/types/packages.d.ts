// What the bundle lays beside our own files, from the registry.
declare module '*/packages/client-zip.js' {
  export * from 'client-zip';
}
