const ID = (type: string): string => `${type} CHARACTER SET ascii COLLATE ascii_general_ci`
const FORM = 'CHARSET = utf8mb4, ROW_FORMAT = DYNAMIC'

/** Tables of metadata schema 2.2.0, in the order that foreign keys ask for. */
export const TABLES: readonly string[] = [
  `CREATE TABLE clustersets (
    clusterset_id ${ID('VARCHAR(36)')} NOT NULL PRIMARY KEY,
    domain_name VARCHAR(63) NOT NULL,
    options JSON, attributes JSON, router_options JSON,
    topology_type ENUM('SINGLE-PRIMARY-STAR')
  ) ${FORM}`,
  `CREATE TABLE clusters (
    cluster_id ${ID('CHAR(36)')} NOT NULL PRIMARY KEY,
    cluster_name VARCHAR(63) NOT NULL,
    description TEXT, options JSON, attributes JSON,
    cluster_type ENUM('gr','ar') NOT NULL,
    primary_mode ENUM('pm','mm') NOT NULL DEFAULT 'pm',
    router_options JSON,
    clusterset_id ${ID('VARCHAR(36)')} NULL,
    UNIQUE KEY (cluster_name)
  ) ${FORM}`,
  `CREATE TABLE instances (
    instance_id INT UNSIGNED NOT NULL AUTO_INCREMENT,
    cluster_id ${ID('CHAR(36)')} NOT NULL,
    address ${ID('VARCHAR(265)')},
    mysql_server_uuid CHAR(36) NOT NULL,
    instance_name VARCHAR(265) NOT NULL,
    addresses JSON NOT NULL, attributes JSON, description TEXT,
    instance_type ENUM('group-member','async-member','read-replica') NOT NULL,
    PRIMARY KEY (instance_id, cluster_id),
    FOREIGN KEY (cluster_id) REFERENCES clusters (cluster_id)
  ) ${FORM}`,
  `CREATE TABLE async_cluster_views (
    cluster_id ${ID('CHAR(36)')} NOT NULL,
    view_id INT UNSIGNED NOT NULL,
    topology_type ENUM('SINGLE-PRIMARY-TREE'),
    view_change_reason VARCHAR(32) NOT NULL,
    view_change_time TIMESTAMP(6) NOT NULL,
    view_change_info JSON NOT NULL, attributes JSON NOT NULL,
    PRIMARY KEY (cluster_id, view_id), INDEX (view_id),
    FOREIGN KEY (cluster_id) REFERENCES clusters (cluster_id)
  ) ${FORM}`,
  `CREATE TABLE async_cluster_members (
    cluster_id ${ID('CHAR(36)')} NOT NULL,
    view_id INT UNSIGNED NOT NULL,
    instance_id INT UNSIGNED NOT NULL,
    master_instance_id INT UNSIGNED,
    primary_master BOOL NOT NULL,
    attributes JSON NOT NULL,
    PRIMARY KEY (cluster_id, view_id, instance_id), INDEX (view_id), INDEX (instance_id),
    FOREIGN KEY (cluster_id, view_id) REFERENCES async_cluster_views (cluster_id, view_id)
  ) ${FORM}`,
  `CREATE TABLE clusterset_views (
    clusterset_id ${ID('VARCHAR(36)')} NOT NULL,
    view_id BIGINT UNSIGNED NOT NULL,
    topology_type ENUM('SINGLE-PRIMARY-TREE'),
    view_change_reason VARCHAR(32) NOT NULL,
    view_change_time TIMESTAMP(6) NOT NULL,
    view_change_info JSON NOT NULL, attributes JSON NOT NULL,
    PRIMARY KEY (clusterset_id, view_id), INDEX (view_id),
    FOREIGN KEY (clusterset_id) REFERENCES clustersets (clusterset_id)
  ) ${FORM}`,
  `CREATE TABLE clusterset_members (
    clusterset_id ${ID('VARCHAR(36)')} NOT NULL,
    view_id BIGINT UNSIGNED NOT NULL,
    cluster_id ${ID('VARCHAR(36)')} NOT NULL,
    master_cluster_id ${ID('VARCHAR(36)')},
    primary_cluster BOOL NOT NULL,
    attributes JSON NOT NULL,
    PRIMARY KEY (clusterset_id, view_id, cluster_id), INDEX (view_id), INDEX (cluster_id),
    FOREIGN KEY (clusterset_id, view_id) REFERENCES clusterset_views (clusterset_id, view_id)
  ) ${FORM}`,
  `CREATE TABLE routers (
    router_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    router_name VARCHAR(265) NOT NULL,
    product_name VARCHAR(128) NOT NULL,
    address ${ID('VARCHAR(256)')} NOT NULL,
    version VARCHAR(12) DEFAULT NULL,
    last_check_in TIMESTAMP NULL DEFAULT NULL,
    attributes JSON,
    cluster_id ${ID('CHAR(36)')} DEFAULT NULL,
    options JSON DEFAULT NULL,
    clusterset_id ${ID('VARCHAR(36)')} NULL,
    UNIQUE KEY (address, router_name)
  ) ${FORM}`,
  `CREATE TABLE router_rest_accounts (
    cluster_id ${ID('CHAR(36)')} NOT NULL,
    user VARCHAR(256) NOT NULL,
    authentication_method VARCHAR(64) NOT NULL DEFAULT 'modular_crypt_format',
    authentication_string TEXT CHARACTER SET ascii COLLATE ascii_general_ci,
    description VARCHAR(255), privileges JSON, attributes JSON,
    PRIMARY KEY (cluster_id, user)
  ) ${FORM}`,
]

/** What 2.3.0 (MySQL Shell 9.2) added. cluster_id is VARCHAR here, though the column that it refers to is CHAR. */
export const GUIDELINES_TABLE = `CREATE TABLE routing_guidelines (
    guideline_id ${ID('VARCHAR(36)')} NOT NULL PRIMARY KEY,
    name VARCHAR(63) NOT NULL,
    guideline JSON,
    clusterset_id ${ID('VARCHAR(36)')},
    cluster_id ${ID('VARCHAR(36)')},
    last_update TIMESTAMP NULL,
    default_guideline BOOL NOT NULL,
    UNIQUE KEY (name),
    FOREIGN KEY (clusterset_id) REFERENCES clustersets (clusterset_id),
    FOREIGN KEY (cluster_id) REFERENCES clusters (cluster_id)
  ) ${FORM}`

/** What 2.4.0 (MySQL Shell 9.6) added: what Routers update often, apart from their large rows. */
export const ROUTER_STATS_TABLE = `CREATE TABLE router_stats (
    router_id INT UNSIGNED NOT NULL PRIMARY KEY,
    last_check_in TIMESTAMP NULL DEFAULT NULL
  ) ${FORM}`
