#!/bin/sh
echo "$# $1"
cat in/0/out.json
