"""The words that come with the app: names, places, neutral sentences, emoji without a feeling, contractions. All English."""

from typing import Final

NAMES: Final = (
    "James", "Mary", "Michael", "Jennifer", "David", "Linda", "Sarah", "Daniel", "Emily", "Thomas", "Anna", "Peter",
    "Mohammed", "Fatima", "Wei", "Mei", "Priya", "Arjun", "Carlos", "Maria", "Juan", "Sofia", "Kwame", "Amara",
    "Yuki", "Hiroshi", "Olga", "Ivan", "Aisha", "Omar", "Jamal", "Lakisha", "Sean", "Ingrid", "Pierre", "Giulia",
    "John", "Robert", "Laura", "Kevin", "Julia", "Mark", "Susan", "Paul", "Lisa", "Steven", "Karen", "Brian",
)  # fmt: skip
PLACES: Final = (
    "London", "Paris", "Berlin", "Madrid", "Rome", "New York", "Los Angeles", "Chicago", "Boston", "Toronto", "Sydney",
    "Tokyo", "Beijing", "Delhi", "Mumbai", "Cairo", "Lagos", "Nairobi", "Moscow", "Warsaw", "Dublin", "Istanbul",
    "England", "France", "Germany", "Spain", "Italy", "Canada", "Australia", "Japan", "China", "India", "Egypt",
    "Nigeria", "Kenya", "Russia", "Poland", "Ireland", "Turkey", "Brazil", "Mexico", "Argentina", "Texas", "California",
)  # fmt: skip
SENTENCES: Final = (
    "I am writing this on my phone.",
    "This is written in English.",
    "That is all I wanted to write.",
    "I will keep this short.",
)
EMOJI: Final = ("📎", "📌", "🕐", "📄", "🔹")
# Each contraction and what it stands for; the first one of several with the same words is used to contract them.
CONTRACTIONS: Final = {
    "aren't": "are not", "can't": "cannot", "couldn't": "could not", "didn't": "did not", "doesn't": "does not",
    "don't": "do not", "hadn't": "had not", "hasn't": "has not", "haven't": "have not", "isn't": "is not",
    "mustn't": "must not", "shouldn't": "should not", "wasn't": "was not", "weren't": "were not", "won't": "will not",
    "wouldn't": "would not", "i'm": "i am", "i've": "i have", "i'll": "i will", "you're": "you are",
    "you've": "you have", "you'll": "you will", "we're": "we are", "we've": "we have", "we'll": "we will",
    "they're": "they are", "they've": "they have", "they'll": "they will", "it'll": "it will", "that'll": "that will",
}  # fmt: skip
# Words after which "not" can stand. "have", "do" and "did" are left out: they are often the main verb.
NEGATABLE: Final = ("is", "are", "was", "were", "am", "can", "could", "will", "would", "should", "must")
