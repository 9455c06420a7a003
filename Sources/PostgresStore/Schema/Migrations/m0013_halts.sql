-- Whether orders for a halted instrument are taken all the same: they are collected, and cross when it resumes.
ALTER TABLE instruments ADD COLUMN halt_collects boolean NOT NULL DEFAULT false;
