-- What operators did stays as it was written: nobody changes or removes a row, the tables' owner included, as long as he does
-- not take the guard away, which is a change of the schema.
CREATE FUNCTION refuse_change_of_admin_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the administrative log is only appended to' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER admin_log_is_appended_to BEFORE UPDATE OR DELETE ON admin_log
  FOR EACH ROW EXECUTE FUNCTION refuse_change_of_admin_log();
CREATE TRIGGER admin_log_is_not_emptied BEFORE TRUNCATE ON admin_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_admin_log();
-- Not even where a replica applies or somebody restores with triggers switched off.
ALTER TABLE admin_log ENABLE ALWAYS TRIGGER admin_log_is_appended_to;
ALTER TABLE admin_log ENABLE ALWAYS TRIGGER admin_log_is_not_emptied;
