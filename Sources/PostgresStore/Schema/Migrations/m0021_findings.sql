-- What findings ask every few seconds: which instruments are halted, and since when by the administrative log. Both tables
-- change only when an operator does something, so that building the indexes holds nobody up.
CREATE INDEX instruments_halted ON instruments (symbol) WHERE halt_reason IS NOT NULL;
CREATE INDEX admin_log_halts ON admin_log (target, entry) WHERE action = 'instrument halt' AND outcome = 'done';
