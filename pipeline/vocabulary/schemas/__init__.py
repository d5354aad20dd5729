"""Every table's schema: a schema goes in with a stage's last line; nothing leaves a stage without one."""
