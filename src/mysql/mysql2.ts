/** mysql2, in a bundle of its own: only runs with MySQL load it. */
export * from 'mysql2/promise'
export { authPlugins } from 'mysql2'
