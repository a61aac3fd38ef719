"""Where state lives: tables, transactions and migrations. No policy and no words."""
