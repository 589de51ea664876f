//! The Gregorian calendar, for the dates of certificates. Years run from March inside, so that
//! the leap day is the last of one.

/// Days from 1970-01-01 to 0000-03-01, negated.
const EPOCH: i64 = 719_468;

/// How many days 400 years have.
const ERA: i64 = 146_097;

/// Days from 1970-01-01 to a date.
pub(super) fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = ((month + 9) % 12 * 153 + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - EPOCH
}

/// Seconds since the epoch as `2024-02-29 12:00:00 UTC`.
pub(super) fn utc(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let days = i64::try_from(days).unwrap_or_default() + EPOCH;
    let (era, day) = (days / ERA, days % ERA);
    let year = (day - day / 1460 + day / 36_524 - day / (ERA - 1)) / 365;
    let day = day - (year * 365 + year / 4 - year / 100);
    let month = (day * 5 + 2) / 153;
    let day = day - (month * 153 + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!(
        "{}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC",
        era * 400 + year + next,
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        assert_eq!(days_since_epoch(1970, 1, 1), 0);
        assert_eq!(days_since_epoch(2000, 2, 29), 11_016);
        assert_eq!(days_since_epoch(2024, 12, 31), 20_088);
    }

    #[test]
    fn every_day_of_five_centuries_reads_back() {
        for day in 0..365 * 500 {
            let text = utc(day * 86_400 + 3_661);
            let (date, time) = text.split_once(' ').unwrap();
            let fields: Vec<i64> = date
                .split('-')
                .map(|field| field.parse().unwrap())
                .collect();
            assert_eq!(
                days_since_epoch(fields[0], fields[1], fields[2]),
                day as i64
            );
            assert_eq!(time, "01:01:01 UTC");
        }
    }
}
